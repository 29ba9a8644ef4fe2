import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { decoder } from './decoder.js';

const file = (name: string): Buffer => readFileSync(new URL(`../goldens/${name}`, import.meta.url));
const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><rect width="8" height="8"/></svg>';

/** The library itself, without our look at the first bytes before it. */
describe('the loaders of the decoding library', () => {
  it.each(['rgb.png', 'rgb.webp', 'rgb.tiff', 'animated.gif', 'grey.jpg'])('open %s', async (name) => {
    await expect(decoder(file(name)).metadata()).resolves.toMatchObject({ width: 52, height: 36 });
  });

  it.each([
    ['SVG', Buffer.from(svg)],
    ['SVG with a declaration', Buffer.from(`<?xml version="1.0"?>${svg}`)],
    ['PDF', Buffer.from('%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer << /Root 1 0 R >>\n%%EOF')],
    ['a raw vips file', vipsFile(8, 8)],
    ['PPM', Buffer.concat([Buffer.from('P6\n8 8\n255\n'), Buffer.alloc(192, 200)])],
    ['PFM', Buffer.concat([Buffer.from('PF\n8 8\n-1\n'), Buffer.alloc(768)])],
    ['Radiance', Buffer.from('#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 1 +X 1\nabcd')],
    ['CSV', Buffer.from('1,2,3\n4,5,6\n')],
    ['BMP', Buffer.concat([Buffer.from('BM'), Buffer.alloc(64)])],
    ['JPEG 2000', Buffer.from('0000000c6a5020200d0a870a00000014667479706a703220', 'hex')],
    ['JPEG XL', Buffer.from('0000000c4a584c200d0a870a00000014667479706a786c20', 'hex')],
    ['OpenEXR', Buffer.concat([Buffer.from('762f3101', 'hex'), Buffer.alloc(64)])],
    ['FITS', Buffer.from('SIMPLE  =                    T'.padEnd(2880))],
  ])('do not open %s', async (_, bytes) => {
    await expect(decoder(bytes).metadata()).rejects.toThrow();
    await expect(decoder(bytes).raw().toBuffer()).rejects.toThrow();
  });
});

/** What libvips writes for itself: a header of 64 bytes, little-endian, then a byte for each pixel. */
function vipsFile(width: number, height: number): Buffer {
  const header = Buffer.alloc(64);
  header.set([0xb6, 0xa6, 0xf2, 0x08]);
  header.writeInt32LE(width, 4);
  header.writeInt32LE(height, 8);
  header.writeInt32LE(1, 12);
  return Buffer.concat([header, Buffer.alloc(width * height, 128)]);
}
