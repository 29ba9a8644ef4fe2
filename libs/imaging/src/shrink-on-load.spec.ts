import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';

import { jpeg, webp } from '../../../test/support/picture-bombs.js';
import { decodeImage } from './decode-image.js';
import { PREVIEW_SIDE } from './make-preview.js';
import { preparePicture } from './prepare-picture.js';
import { resizeForClip } from './resize-for-clip.js';
import { shrunkSize } from './shrink-on-load.js';

const SIZE = 160;
/** odd, so that no fraction of it is whole */
const [WIDTH, HEIGHT] = [1817, 1403];
const shrinkFor = { imageSize: SIZE };
/** of 255, on average; these pictures have 0.6 to 1.1, and one half a pixel aside would have 2.2 */
const MOST = 1.5;

/** Blots of all colours, some as large as a fifth of the picture, some as small as three pixels of it. */
let picture: Buffer;

beforeAll(async () => {
  const blots = (width: number, height: number, seed: number): Promise<Buffer> => {
    const values = Uint8Array.from({ length: width * height * 3 }, (_, at) => Math.imul(at + seed, 2654435761) >>> 24);
    return sharp(values, { raw: { width, height, channels: 3 } })
      .resize({ width: WIDTH, height: HEIGHT, fit: 'fill', kernel: 'cubic' })
      .png({ compressionLevel: 0 })
      .toBuffer();
  };
  const detail = await sharp(await blots(600, 460, 7))
    .ensureAlpha(0.3)
    .png({ compressionLevel: 0 })
    .toBuffer();
  picture = await sharp(await blots(6, 5, 1))
    .composite([{ input: detail }])
    .removeAlpha()
    .png({ compressionLevel: 0 })
    .toBuffer();
});

const asJpeg = (orientation = 1): Promise<Buffer> =>
  sharp(picture).jpeg({ quality: 90 }).withMetadata({ orientation }).toBuffer();
const asWebp = (): Promise<Buffer> => sharp(picture).webp({ quality: 90, effort: 0 }).toBuffer();

function meanDifference(a: Uint8Array, b: Uint8Array): number {
  expect(a).toHaveLength(b.length);
  return a.reduce((sum, value, at) => sum + Math.abs(value - b[at]!), 0) / a.length;
}

describe('the size that a picture is decoded at', () => {
  const sizeOf = (format: 'jpeg' | 'webp' | 'png', width: number, height: number, previewSide?: number) =>
    shrunkSize(format, { autoOrient: { width, height } }, { imageSize: 224, ...(previewSide && { previewSide }) });

  it('keeps two and a half times what the model sees of the shorter side', () => {
    for (const [width, height] of [
      [4000, 3000],
      [3000, 4000],
      [1680, 1680],
      [9000, 5040],
    ] as const) {
      for (const format of ['jpeg', 'webp'] as const) {
        const { width: w, height: h } = sizeOf(format, width, height)!;
        expect(Math.min(w, h)).toBeGreaterThanOrEqual(2.5 * 224);
        expect(w / h).toBeCloseTo(width / height, 1);
      }
    }
    expect(sizeOf('jpeg', 4000, 3000)).toEqual({ width: 800, height: 600 });
    expect(sizeOf('webp', 4000, 3000)).toEqual({ width: 800, height: 600 });
  });

  it('is its own where less would be kept, and in formats that offer no other', () => {
    expect(sizeOf('jpeg', 1679, 2000)).toBeUndefined();
    expect(sizeOf('webp', 1119, 2000)).toBeUndefined();
    expect(sizeOf('png', 4000, 3000)).toBeUndefined();
    expect(
      shrunkSize('webp', { autoOrient: { width: 4000, height: 3000 }, pages: 2 }, { imageSize: SIZE }),
    ).toBeUndefined();
  });

  it('leaves the preview enough', () => {
    expect(shrunkSize('jpeg', { autoOrient: { width: 2048, height: 2048 } }, { imageSize: 64 })?.width).toBe(227);
    expect(
      shrunkSize('jpeg', { autoOrient: { width: 2048, height: 2048 } }, { imageSize: 64, previewSide: PREVIEW_SIDE })
        ?.width,
    ).toBe(682);
  });
});

describe('a picture that is shrunk on load', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])('is upright and nearly the same, in EXIF orientation %i', async (orientation) => {
    const bytes = await asJpeg(orientation);
    const [whole, shrunk] = [await decodeImage(bytes), await decodeImage(bytes, { shrinkFor })];
    expect([shrunk.width, shrunk.height]).toEqual([Math.floor(whole.width / 3), Math.floor(whole.height / 3)]);
    expect(shrunk.whole).toEqual({ width: whole.width, height: whole.height });
    expect(meanDifference(resizeForClip(shrunk, SIZE), resizeForClip(whole, SIZE))).toBeLessThan(MOST);
  });

  it('is nearly the same as WebP, in grey, in CMYK and stored progressively', async () => {
    for (const bytes of [
      await asWebp(),
      await sharp(picture).greyscale().jpeg().toBuffer(),
      await sharp(picture).toColourspace('cmyk').jpeg().toBuffer(),
      await sharp(picture).jpeg({ progressive: true, chromaSubsampling: '4:4:4' }).toBuffer(),
    ]) {
      const [whole, shrunk] = [await decodeImage(bytes), await decodeImage(bytes, { shrinkFor })];
      expect(shrunk.whole).toEqual({ width: WIDTH, height: HEIGHT });
      expect(meanDifference(resizeForClip(shrunk, SIZE), resizeForClip(whole, SIZE))).toBeLessThan(MOST);
    }
  });

  it('was never decoded whole', async () => {
    const bytes = await asJpeg();
    const shrunk = await decodeImage(bytes, { shrinkFor });
    const { data } = await sharp(bytes)
      .resize({ width: shrunk.width, height: shrunk.height, fit: 'fill', kernel: 'cubic', fastShrinkOnLoad: false })
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect(meanDifference(shrunk.rgb, data)).toBeGreaterThan(0);
  });

  it('lays transparency on white', async () => {
    const half = sharp({
      create: { width: 1500, height: 1500, channels: 4, background: { r: 250, g: 0, b: 0, alpha: 0.5 } },
    });
    const { rgb, width } = await decodeImage(await half.webp({ lossless: true, effort: 0 }).toBuffer(), { shrinkFor });
    expect(width).toBe(500);
    const expected = [252, 127, 127];
    expect(Math.max(...expected.map((value, at) => Math.abs(value - rgb[at]!)))).toBeLessThanOrEqual(2);
  });

  it('tells its whole size, and has a preview that is as large', async () => {
    const order = { imageSize: 64, maxPixels: WIDTH * HEIGHT, isPreviewWanted: true };
    const bytes = await asJpeg(6);
    const whole = await preparePicture(bytes, { ...order, isShrinkingOnLoad: false });
    const shrunk = await preparePicture(bytes, { ...order, isShrinkingOnLoad: true });
    expect([shrunk.width, shrunk.height]).toEqual([HEIGHT, WIDTH]);
    expect(shrunk.decodedPixels).toBeLessThan(whole.decodedPixels / 8);
    expect([shrunk.preview!.width, shrunk.preview!.height]).toEqual([whole.preview!.width, whole.preview!.height]);
    expect(shrunk.preview!.height).toBe(PREVIEW_SIDE);
    expect(meanDifference(shrunk.pixels, whole.pixels)).toBeLessThan(MOST);
  });
});

describe('what is not shrunk on load', () => {
  it('is the same, value by value', async () => {
    const bytes = await sharp(picture).resize(1200).jpeg().toBuffer();
    const [whole, asked] = [await decodeImage(bytes), await decodeImage(bytes, { shrinkFor })];
    expect(Buffer.from(asked.rgb).equals(whole.rgb)).toBe(true);
    expect(asked.whole).toBeUndefined();
  });

  it('is refused from the header, by the size that is stored', async () => {
    for (const bytes of [await asJpeg(), await asWebp()]) {
      await expect(decodeImage(bytes, { maxPixels: WIDTH * HEIGHT - 1, shrinkFor })).rejects.toMatchObject({
        code: 'too_many_pixels',
      });
      await expect(decodeImage(bytes.subarray(0, bytes.length / 2), { shrinkFor })).rejects.toMatchObject({
        code: 'corrupt_image',
      });
    }
    for (const bomb of [await jpeg(65_500, 65_500), await webp(16_383, 16_383, 2)]) {
      await expect(decodeImage(bomb, { shrinkFor })).rejects.toMatchObject({ code: 'too_many_pixels' });
    }
  });
});
