import { expect, it } from 'vitest';
import { addGradients, clippingScale, gradientNorm } from './gradients.js';

it('takes all gradients as one vector, however long each is', () => {
  const gradients = new Map([3, 4, 9].map((length) => [`of ${length}`, [Float32Array.from({ length }, () => -2)]]));
  expect(gradientNorm(gradients)).toBe(Math.sqrt(4 * 16));
  const long = Float32Array.from({ length: 40_001 }, (_, n) => (n % 7) - 3);
  const squares = long.reduce((sum, value) => sum + value ** 2, 0);
  expect(gradientNorm(new Map([['long', [long.subarray(0, 3), long.subarray(3)]]]))).toBe(Math.sqrt(squares));
  expect(gradientNorm(new Map([['far', [Float32Array.of(3e30, 0, 0, 0, 0, 0, 4e30)]]]))).toBeCloseTo(5e30, -25);
  expect(gradientNorm(new Map([['a', [Float32Array.of(1, 1, 1, 1, NaN)]]]))).toBeNaN();
  expect(gradientNorm(new Map([['a', [Float32Array.of(1, Infinity)]]]))).toBe(Infinity);
});

it('shortens long gradients only', () => {
  expect(clippingScale(4, 1)).toBe(0.25);
  expect(clippingScale(0.5, 1)).toBe(1);
  expect(clippingScale(4, undefined)).toBe(1);
});

it('adds gradients part by part', () => {
  const parts = () => [Float32Array.of(1, 2), Float32Array.of(3)];
  const sum = new Map([['a', parts()]]);
  addGradients(sum, new Map([['a', parts()]]));
  expect(sum.get('a')).toEqual([Float32Array.of(2, 4), Float32Array.of(6)]);
});
