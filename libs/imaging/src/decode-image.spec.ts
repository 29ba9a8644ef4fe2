import { readFileSync } from 'node:fs';
import { inflateSync } from 'node:zlib';

import sharp from 'sharp';
import { describe, expect, it } from 'vitest';

import { decodeImage, type DecodedImage } from './decode-image.js';

interface Golden {
  width: number;
  height: number;
  rgb: string;
}

const file = (name: string): Buffer => readFileSync(new URL(`../goldens/${name}`, import.meta.url));
const GOLDENS = JSON.parse(file('decode.json').toString()) as Record<string, Golden>;

/** Largest difference of a value, 0–255, from Pillow's pixels. */
function largestDifference({ rgb, width, height }: DecodedImage, golden: Golden): number {
  expect([width, height]).toEqual([golden.width, golden.height]);
  const theirs = inflateSync(Buffer.from(golden.rgb, 'base64'));
  expect(rgb).toHaveLength(theirs.length);
  return rgb.reduce((largest, value, at) => Math.max(largest, Math.abs(value - theirs[at]!)), 0);
}

describe('what Pillow shows, sharp shows', () => {
  it.each([
    'rgb.png',
    'rgb.webp',
    'rgb.tiff',
    'palette.png',
    'grey.png',
    'one-bit.png',
    'grey-16-bit.png',
    'orient-6.png',
    'animated.gif',
    'grey.jpg',
    'progressive.jpg',
    'subsampled.jpg',
    ...[1, 2, 3, 4, 5, 6, 7, 8].map((orientation) => `orient-${orientation}.jpg`),
  ])('%s, value by value', async (name) => {
    expect(largestDifference(await decodeImage(file(name)), GOLDENS[name]!)).toBe(0);
  });

  it('alpha.png on white, within 1', async () => {
    expect(largestDifference(await decodeImage(file('alpha.png')), GOLDENS['alpha.png']!)).toBeLessThanOrEqual(1);
  });
});

describe('kinds of pictures', () => {
  it('makes CMYK red look red', async () => {
    const { rgb, width, height } = await decodeImage(file('cmyk.jpg'));
    expect([width, height, rgb.length]).toEqual([52, 36, 52 * 36 * 3]);
    const [red = 0, green = 0, blue = 0] = rgb.subarray((4 * 52 + 4) * 3);
    expect(red).toBeGreaterThan(green + 80);
    expect(red).toBeGreaterThan(blue + 80);
  });

  it('follows a wide-gamut profile and leaves sRGB values alone', async () => {
    const colour = { r: 200, g: 80, b: 40 };
    const flat = sharp({ create: { width: 8, height: 8, channels: 3, background: colour } });
    const p3 = await decodeImage(await flat.clone().withIccProfile('p3').png().toBuffer());
    const srgb = await decodeImage(await flat.clone().withIccProfile('srgb').png().toBuffer());
    for (const { rgb } of [p3, srgb]) {
      expect(Math.max(...[200, 80, 40].map((value, i) => Math.abs(value - rgb[i]!)))).toBeLessThanOrEqual(2);
    }
  });

  it('scales 16-bit colour with alpha to 8 bits on white', async () => {
    const raw = new Uint16Array([65535, 0, 0, 65535, 0, 0, 65535, 0]);
    const png = await sharp(raw, { raw: { width: 2, height: 1, channels: 4 } })
      .toColourspace('rgb16')
      .png()
      .toBuffer();
    expect((await sharp(png).metadata()).depth).toBe('ushort');
    expect([...(await decodeImage(png)).rgb]).toEqual([255, 0, 0, 255, 255, 255]);
  });

  it('decodes AVIF', async () => {
    const { rgb, width, height } = await decodeImage(await sharp(file('rgb.png')).avif({ lossless: true }).toBuffer());
    expect([width, height]).toEqual([52, 36]);
    expect(rgb[0]).toBeGreaterThan(200);
  });
});

describe('files that are no pictures', () => {
  const jpeg = file('orient-1.jpg');
  const png = file('rgb.png');
  const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><rect width="8" height="8"/></svg>';

  it.each([
    ['nothing', Buffer.alloc(0), 'empty_image'],
    ['text named .jpg', Buffer.from('this is not a picture'), 'unsupported_format'],
    ['SVG', Buffer.from(svg), 'unsupported_format'],
    ['SVG with a declaration', Buffer.from(`<?xml version="1.0"?>${svg}`), 'unsupported_format'],
    ['PDF', Buffer.from('%PDF-1.7\n1 0 obj'), 'unsupported_format'],
    ['a vips file', Buffer.from([0xb6, 0xa6, 0xf2, 0x08, ...Buffer.alloc(64)]), 'unsupported_format'],
    ['HEIC (HEVC)', file('hevc.heic'), 'unsupported_format'],
    ['PPM', Buffer.from('P6 1 1 255 abc'), 'unsupported_format'],
    ['a truncated JPEG', jpeg.subarray(0, jpeg.length - 300), 'corrupt_image'],
    ['only a JPEG header', jpeg.subarray(0, 20), 'corrupt_image'],
    ['a truncated PNG', png.subarray(0, png.length - 60), 'corrupt_image'],
    ['a PNG with a wrong byte', Buffer.from(png).fill(0x55, 100, 110), 'corrupt_image'],
    ['a truncated WebP', file('rgb.webp').subarray(0, 100), 'corrupt_image'],
    ['a truncated TIFF', file('rgb.tiff').subarray(0, 300), 'corrupt_image'],
    ['a truncated GIF', file('animated.gif').subarray(0, 700), 'corrupt_image'],
    ['a 40,000 × 40,000 PNG header', pngHeader(40_000, 40_000), 'too_many_pixels'],
  ])('%s', async (_, bytes, code) => {
    await expect(decodeImage(bytes)).rejects.toMatchObject({ code });
  });

  it('takes its pixel limit from the caller', async () => {
    await expect(decodeImage(png, { maxPixels: 52 * 36 - 1 })).rejects.toMatchObject({ code: 'too_many_pixels' });
    await expect(decodeImage(png, { maxPixels: 52 * 36 })).resolves.toMatchObject({ width: 52 });
  });
});

/** A valid PNG signature and IHDR (8-bit RGB), and an IDAT that holds next to nothing. */
function pngHeader(width: number, height: number): Buffer {
  const chunk = (type: string, data: Buffer): Buffer => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(data.length);
    const crc = Buffer.alloc(4);
    crc.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, crc]);
  };
  const size = Buffer.alloc(8);
  size.writeUInt32BE(width, 0);
  size.writeUInt32BE(height, 4);
  const header = Buffer.concat([size, Buffer.from([8, 2, 0, 0, 0])]);
  const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', Buffer.alloc(8)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function crc32(bytes: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
