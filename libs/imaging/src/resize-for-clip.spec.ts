import { readFileSync } from 'node:fs';
import { inflateSync } from 'node:zlib';

import { expect, it } from 'vitest';

import { resizeForClip } from './resize-for-clip.js';

interface Golden {
  width: number;
  height: number;
  size: number;
  seed: number;
  crop: string;
}

const GOLDENS = JSON.parse(readFileSync(new URL('../goldens/resize.json', import.meta.url), 'utf8')) as Golden[];

/** The same generator as in goldens/make-goldens.py. */
function pixels(width: number, height: number, seed: number): Uint8Array {
  const out = new Uint8Array(width * height * 3);
  let state = seed;
  for (let i = 0; i < out.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const top = state >>> 24;
    out[i] = top & 3 ? top : top & 4 ? 255 : 0;
  }
  return out;
}

it.each(GOLDENS)('is Pillow, bit by bit: $width × $height → $size', ({ width, height, size, seed, crop }) => {
  const ours = resizeForClip({ rgb: pixels(width, height, seed), width, height }, size);
  expect(Buffer.from(ours).equals(inflateSync(Buffer.from(crop, 'base64')))).toBe(true);
});

it('computes only what the crop shows of a very long picture', () => {
  const ours = resizeForClip({ rgb: new Uint8Array(40_000 * 3).fill(200), width: 1, height: 40_000 }, 64);
  expect(ours).toHaveLength(64 * 64 * 3);
  expect(ours.every((value) => value === 200)).toBe(true);
});
