import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import {
  avif,
  endlessExif,
  gif,
  jpeg,
  jpegWithExif,
  packedChunk,
  png,
  tiff,
  webp,
} from '../../../test/support/picture-bombs.js';
import { decodeImage } from './decode-image.js';

/** What decoding came to, and its price: CPU time of the process, and how much more memory it holds. */
async function priceOf(bytes: Buffer): Promise<{ outcome: string; cpuMs: number; mebibytes: number }> {
  const [cpu, rss] = [process.cpuUsage(), process.memoryUsage.rss()];
  const outcome = await decodeImage(bytes).then(
    ({ width, height }) => `${width} × ${height}`,
    (error: { code: string }) => error.code,
  );
  const { user, system } = process.cpuUsage(cpu);
  return { outcome, cpuMs: (user + system) / 1000, mebibytes: (process.memoryUsage.rss() - rss) / 2 ** 20 };
}

/** Decoding what they promise would take gigabytes and minutes. */
const MAX_CPU_MS = 1_500;
const MAX_MEBIBYTES = 100;

describe('bombs are refused from the header', () => {
  it.each<[string, () => Buffer | Promise<Buffer>, string]>([
    ['PNG of 40,000²', () => png(40_000, 40_000), 'too_many_pixels'],
    ['PNG of 1 bit and 40,000²', () => png(40_000, 40_000, { depth: 1, type: 0 }), 'too_many_pixels'],
    ['PNG of 2³¹', () => png(2 ** 31 - 1, 2 ** 31 - 1), 'corrupt_image'],
    ['JPEG of 65,500²', () => jpeg(65_500, 65_500), 'too_many_pixels'],
    ['JPEG of 65,535²', () => jpeg(65_535, 65_535), 'too_many_pixels'],
    ['GIF of 65,535²', () => gif(65_535, 65_535, 1), 'too_many_pixels'],
    ['WebP with a canvas of 16,383²', () => webp(16_383, 16_383, 2), 'too_many_pixels'],
    ['TIFF of 100,000²', () => tiff(100_000, 100_000), 'too_many_pixels'],
    ['AVIF of 100,000²', () => avif(100_000, 100_000), 'too_many_pixels'],
    ['GIF of 100,000 frames', () => gif(1, 1, 100_000), 'unsupported_format'],
    ['WebP of 100,000 frames', () => webp(1, 1, 100_000), 'unsupported_format'],
    ['TIFF of 20,000 pages', () => tiff(1, 1, { pages: 20_000 }), 'unsupported_format'],
    ['TIFF whose pages never end', () => tiff(1, 1, { pages: 3, isEndless: true }), 'unsupported_format'],
    ['TIFF of 5 channels', () => tiff(2, 2, { channels: 5 }), 'unsupported_format'],
    ['TIFF of 200 channels', () => tiff(2, 2, { channels: 200 }), 'unsupported_format'],
    ['TIFF of 65,535 channels', () => tiff(2, 2, { channels: 65_535 }), 'unsupported_format'],
  ])('%s', async (_, make, code) => {
    const { outcome, cpuMs, mebibytes } = await priceOf(await make());
    expect(outcome).toBe(code);
    expect(cpuMs).toBeLessThan(MAX_CPU_MS);
    expect(mebibytes).toBeLessThan(MAX_MEBIBYTES);
  });
});

describe('what is packed beside a picture stays packed', () => {
  it.each<[string, () => Buffer | Promise<Buffer>, string]>([
    ['a colour profile of 200 MB in a PNG', () => png(1, 1, { chunks: [packedChunk('iCCP', 2e8)] }), '1 × 1'],
    ['a text of 200 MB in a PNG', () => png(1, 1, { chunks: [packedChunk('zTXt', 2e8)] }), '1 × 1'],
    [
      '300 texts of 8 MB in a PNG',
      () => png(1, 1, { chunks: Array<Buffer>(300).fill(packedChunk('zTXt', 8e6)) }),
      '1 × 1',
    ],
    ['EXIF that never ends', () => jpegWithExif(endlessExif()), '16 × 16'],
    ['400 EXIF blocks of 64 KB', () => jpegWithExif(Buffer.alloc(65_000, 1), 400), '16 × 16'],
  ])('%s', async (_, make, size) => {
    const { outcome, cpuMs, mebibytes } = await priceOf(await make());
    expect(outcome).toBe(size);
    expect(cpuMs).toBeLessThan(MAX_CPU_MS);
    expect(mebibytes).toBeLessThan(MAX_MEBIBYTES);
  });
});

describe('limits that let honest pictures by', () => {
  it('a GIF, a WebP and a TIFF of many frames show their first', async () => {
    for (const bytes of [gif(1, 1, 9_000), await webp(1, 1, 500), tiff(2, 2, { pages: 500 })]) {
      expect((await decodeImage(bytes)).rgb).toHaveLength(bytes.subarray(0, 2).toString() === 'II' ? 12 : 3);
    }
  });

  it('CMYK, with and without transparency, and 16 bits in each format that has them', async () => {
    const flat = sharp({
      create: { width: 4, height: 3, channels: 4, background: { r: 250, g: 0, b: 0, alpha: 0.5 } },
    });
    const made = [
      flat.clone().removeAlpha().toColourspace('cmyk').jpeg(),
      flat.clone().removeAlpha().toColourspace('cmyk').tiff(),
      flat.clone().toColourspace('cmyk').tiff(),
      flat.clone().toColourspace('rgb16').png(),
      flat.clone().toColourspace('rgb16').tiff(),
    ];
    for (const picture of made) {
      const { rgb, width, height } = await decodeImage(await picture.toBuffer());
      expect([width, height, rgb.length]).toEqual([4, 3, 36]);
      expect(rgb[0]).toBeGreaterThan(rgb[1]! + 60);
    }
  });
});
