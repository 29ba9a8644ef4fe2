import { describe, expect, it } from 'vitest';
import { isFiniteHalf, toFloat16 } from './float16.js';

const bitsOf = (...values: number[]): number[] => [...toFloat16(Float32Array.from(values))];

describe('toFloat16', () => {
  it('keeps what half precision holds', () => {
    expect(bitsOf(0, -0, 1, -2, 1.5, 65_504, 2 ** -14, 2 ** -24)).toEqual([
      0, 0x8000, 0x3c00, 0xc000, 0x3e00, 0x7bff, 0x0400, 0x0001,
    ]);
  });

  it('rounds to the nearest, of two as near to the even one', () => {
    const step = 2 ** -10;
    expect(bitsOf(1 + 0.4 * step, 1 + 0.5 * step, 1 + 0.6 * step, 1 + 1.5 * step)).toEqual([
      0x3c00, 0x3c00, 0x3c01, 0x3c02,
    ]);
    expect(bitsOf(2 - 2 ** -12)).toEqual([0x4000]); // up into the next power of two
    expect(bitsOf(65_519, 65_520, -1e9, Infinity)).toEqual([0x7bff, 0x7c00, 0xfc00, 0x7c00]);
  });

  it('goes on below the smallest normal number', () => {
    const step = 2 ** -24;
    expect(bitsOf(3 * step, 2.5 * step, 1.5 * step, 0.5 * step, 0.51 * step, 0.2 * step, 1e-40)).toEqual([
      3, 2, 2, 0, 1, 0, 0,
    ]);
    expect(bitsOf(2 ** -14 - step / 4)).toEqual([0x0400]);
  });

  it('tells what overflowed, or was no number before', () => {
    expect([...toFloat16(Float32Array.of(1, 70_000, NaN))].map(isFiniteHalf)).toEqual([true, false, false]);
  });
});
