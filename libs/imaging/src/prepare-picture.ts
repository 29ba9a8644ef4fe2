import { decodeImage } from './decode-image.js';
import { makePreview, type Preview } from './make-preview.js';
import { resizeForClip } from './resize-for-clip.js';

/** A picture as the base model takes it, with its size and, where asked for, what a page shows of it. */
export interface CroppedPicture {
  /** [imageSize, imageSize, 3], uint8 RGB */
  readonly pixels: Uint8Array;
  /** of the whole picture, upright */
  readonly width: number;
  readonly height: number;
}

export interface PreparedPicture extends CroppedPicture {
  readonly preview: Preview;
}

export interface PictureOrder {
  /** side of the base model's crop, in pixels */
  readonly imageSize: number;
  /** larger pictures are refused before they are decoded */
  readonly maxPixels: number;
  readonly isPreviewWanted: boolean;
}

/** One decode, and all that is made of it. @throws DomainError as `decodeImage` does */
export async function preparePicture(
  bytes: Uint8Array,
  { imageSize, maxPixels, isPreviewWanted }: PictureOrder,
): Promise<CroppedPicture & { readonly preview?: Preview }> {
  const image = await decodeImage(bytes, { maxPixels });
  const { width, height } = image;
  const preview = isPreviewWanted ? { preview: await makePreview(image) } : {};
  return { pixels: resizeForClip(image, imageSize), width, height, ...preview };
}
