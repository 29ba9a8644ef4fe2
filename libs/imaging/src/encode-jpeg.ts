import type { DecodedImage } from './decode-image.js';
import { decoder } from './decoder.js';

/** A picture as a camera would store it, colours at half resolution: for those who make pictures up. */
export async function encodeJpeg({ rgb, width, height }: DecodedImage, quality: number): Promise<Uint8Array> {
  return decoder(rgb, { raw: { width, height, channels: 3 } })
    .jpeg({ quality })
    .toBuffer();
}
