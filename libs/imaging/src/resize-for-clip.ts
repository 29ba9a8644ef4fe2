import type { DecodedImage } from './decode-image.js';
import { resampleBicubic } from './pil-resample.js';

/**
 * What Hugging Face's CLIPImageProcessor makes of a picture before it scales and normalises: the shorter side resized
 * to `size` (Pillow's bicubic, bit by bit), then the centre `size` × `size`. Of a picture decoded at a smaller size,
 * what the whole one would show.
 *
 * @returns [size, size, 3], uint8 RGB
 */
export function resizeForClip({ rgb, width, height, whole }: DecodedImage, size: number): Uint8Array {
  const across = whole?.width ?? width;
  const down = whole?.height ?? height;
  const fullWidth = across <= down ? size : Math.trunc((size * across) / down);
  const fullHeight = across <= down ? Math.trunc((size * down) / across) : size;
  return resampleBicubic(rgb, width, height, {
    fullWidth,
    fullHeight,
    left: Math.floor((fullWidth - size) / 2),
    top: Math.floor((fullHeight - size) / 2),
    width: size,
    height: size,
  });
}
