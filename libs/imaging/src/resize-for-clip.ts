import type { DecodedImage } from './decode-image.js';
import { resampleBicubic } from './pil-resample.js';

/**
 * What Hugging Face's CLIPImageProcessor makes of a picture before it scales and normalises: the shorter side resized
 * to `size` (Pillow's bicubic, bit by bit), then the centre `size` × `size`.
 *
 * @returns [size, size, 3], uint8 RGB
 */
export function resizeForClip({ rgb, width, height }: DecodedImage, size: number): Uint8Array {
  const fullWidth = width <= height ? size : Math.trunc((size * width) / height);
  const fullHeight = width <= height ? Math.trunc((size * height) / width) : size;
  return resampleBicubic(rgb, width, height, {
    fullWidth,
    fullHeight,
    left: Math.floor((fullWidth - size) / 2),
    top: Math.floor((fullHeight - size) / 2),
    width: size,
    height: size,
  });
}
