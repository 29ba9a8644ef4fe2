import type { Metadata } from 'sharp';

import type { ImageFormat } from './image-format.js';

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** What will be made of a picture: more pixels than this takes need not be decoded. */
export interface ShrinkFor {
  /** side of the base model's crop, in pixels */
  readonly imageSize: number;
  /** longer side of the preview; absent: none is made */
  readonly previewSide?: number;
}

/**
 * Times the crop's side that the shorter side keeps, so that the last step, as Pillow does it, decides what is seen. Of
 * the demo base's captions 5.5 % change at 2.0, 3.3 % at 2.25, 2.8 % at 2.5, 2.3 % at 3.0.
 */
const LEAST_RATIO = 2.5;
/**
 * JPEG's blocks are decoded at 1/8, 1/4 or 1/2 of their size. sharp does so only where the picture is to become
 * smaller still by a whole number, and makes the rest of the way by its own cubic: from 1/8 to 1/9 and so on.
 */
const JPEG_DIVISORS = [9, 5, 3];

/**
 * The size that a picture is decoded at, upright: the smallest that its format offers at a saving. undefined for the
 * whole of it: other formats than JPEG and WebP, several frames, or a picture that is not large enough.
 */
export function shrunkSize(
  format: ImageFormat,
  { autoOrient: { width, height }, pages = 1 }: Pick<Metadata, 'autoOrient' | 'pages'>,
  { imageSize, previewSide = 0 }: ShrinkFor,
): Size | undefined {
  if (pages > 1) return undefined;
  const most = Math.min(
    Math.min(width, height) / (LEAST_RATIO * imageSize),
    previewSide > 0 ? Math.max(width, height) / previewSide : Infinity,
  );
  const divisor = divisorOf(format, most);
  // rounded down: a divisor ever so little below the whole number would be done without shrinking on load
  return divisor < 2 ? undefined : { width: Math.floor(width / divisor), height: Math.floor(height / divisor) };
}

function divisorOf(format: ImageFormat, most: number): number {
  if (format === 'jpeg') return JPEG_DIVISORS.find((divisor) => divisor <= most) ?? 1;
  return format === 'webp' ? Math.floor(most) : 1;
}
