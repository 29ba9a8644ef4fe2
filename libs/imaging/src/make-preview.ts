import type { DecodedImage } from './decode-image.js';
import { decoder } from './decoder.js';

export interface Preview {
  readonly bytes: Buffer;
  readonly contentType: 'image/webp';
  readonly width: number;
  readonly height: number;
}

/** longest side of a preview, in pixels */
export const PREVIEW_SIDE = 512;
const QUALITY = 80;
/** of 0–6: half the time of the default 4, for files 1–5 % larger */
const EFFORT = 2;

/** A WebP no larger than `PREVIEW_SIDE` either way, upright and without metadata, from the one decode that captioning uses. */
export async function makePreview(image: DecodedImage): Promise<Preview> {
  const { rgb, width, height } = image;
  const { data, info } = await decoder(rgb, { raw: { width, height, channels: 3 } })
    .resize({ width: PREVIEW_SIDE, height: PREVIEW_SIDE, fit: 'inside', withoutEnlargement: true })
    .webp({ quality: QUALITY, effort: EFFORT })
    .toBuffer({ resolveWithObject: true });
  return { bytes: data, contentType: 'image/webp', width: info.width, height: info.height };
}
