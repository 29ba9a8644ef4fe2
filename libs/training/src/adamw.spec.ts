import { float32 } from '@housestyle/graph';
import { describe, expect, it } from 'vitest';
import { AdamW, ADAMW_DEFAULTS, type AdamWSettings } from './adamw.js';
import { Random } from './random.js';

const UPDATES = 5;
const RATE = 1e-2;

/** The same update for one number, in double precision, as its paper has it. */
function plainRun(start: number, gradients: readonly number[], settings: AdamWSettings, scale: number): number {
  const { beta1, beta2, epsilon, weightDecay, form } = settings;
  let [p, m, v] = [start, 0, 0];
  gradients.forEach((gradient, n) => {
    const slope = gradient * scale;
    m = beta1 * m + (1 - beta1) * slope;
    v = beta2 * v + (1 - beta2) * slope * slope;
    const [bias1, bias2] = [1 - beta1 ** (n + 1), 1 - beta2 ** (n + 1)];
    if (form === 'torch') {
      p -= RATE * weightDecay * p;
      p -= (RATE * (m / bias1)) / (Math.sqrt(v / bias2) + epsilon);
    } else {
      p -= (RATE * (Math.sqrt(bias2) / bias1) * m) / (Math.sqrt(v) + epsilon);
      p -= RATE * weightDecay * p;
    }
  });
  return p;
}

describe.each(['torch', 'huggingface'] as const)('AdamW as %s has it', (form) => {
  // one less than a vector, a few more than one, more than one block with a rest, and two whole blocks
  it.each([3, 9, 16384 + 5, 2 * 16384])('updates %i numbers, each by its own gradients', (length) => {
    const random = new Random(length);
    const numbers = () => Float32Array.from({ length }, () => random.normal());
    const start = numbers();
    const gradients = Array.from({ length: UPDATES }, numbers);
    const parameter = float32(start.slice(), [length]);
    const settings: AdamWSettings = { ...ADAMW_DEFAULTS, form, weightDecay: 0.1, epsilon: 1e-6 };
    const optimizer = new AdamW(new Map([['p', parameter]]), settings);
    const inParts = (all: Float32Array) => [all.subarray(0, 2), all.subarray(2)];
    for (const gradient of gradients) optimizer.update(new Map([['p', inParts(gradient)]]), () => RATE, 0.5);

    const column = (n: number) => gradients.map((gradient) => gradient[n]!);
    const errors = start.map((value, n) => Math.abs(parameter.data[n]! - plainRun(value, column(n), settings, 0.5)));
    expect(errors.reduce((worst, error) => Math.max(worst, error), 0)).toBeLessThan(3e-6); // a few roundings of fp32
  });
});

it('moves nothing, and makes nothing that is no number, where gradients are zero', () => {
  const parameter = float32([1, -2, 3]);
  const optimizer = new AdamW(new Map([['p', parameter]]), { ...ADAMW_DEFAULTS, weightDecay: 0 });
  optimizer.update(new Map([['p', [new Float32Array(3)]]]), () => RATE);
  expect([...parameter.data]).toEqual([1, -2, 3]);
});

it('refuses gradients that are missing or of another length', () => {
  const optimizer = new AdamW(new Map([['p', float32([1, -2, 3])]]));
  for (const gradient of [[new Float32Array(2)], [new Float32Array(2), new Float32Array(2)]]) {
    expect(() => optimizer.update(new Map([['p', gradient]]), () => RATE)).toThrow('no gradient of 3 numbers for p');
  }
  expect(() => optimizer.update(new Map(), () => RATE)).toThrow('no gradient of 3 numbers for p');
});
