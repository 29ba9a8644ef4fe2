import type { DecodedImage } from './decode-image.js';
import { decoder } from './decoder.js';

export interface Preview {
  readonly bytes: Buffer;
  readonly contentType: 'image/webp';
  readonly width: number;
  readonly height: number;
}

const QUALITY = 80;
/** of 0–6: half the time of the default 4, for files 1–5 % larger */
const EFFORT = 2;

/** A WebP no larger than `maxSide` either way, upright and without metadata, from the one decode that captioning uses. */
export async function makePreview(image: DecodedImage, { maxSide = 512 } = {}): Promise<Preview> {
  const { rgb, width, height } = image;
  const { data, info } = await decoder(rgb, { raw: { width, height, channels: 3 } })
    .resize({ width: maxSide, height: maxSide, fit: 'inside', withoutEnlargement: true })
    .webp({ quality: QUALITY, effort: EFFORT })
    .toBuffer({ resolveWithObject: true });
  return { bytes: data, contentType: 'image/webp', width: info.width, height: info.height };
}
