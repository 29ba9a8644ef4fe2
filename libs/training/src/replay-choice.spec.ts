import { expect, it } from 'vitest';
import type { CaptionExample } from './caption-example.js';
import { Random } from './random.js';
import { chosenReplay } from './replay-choice.js';

const ofLength = (length: number): CaptionExample => ({
  embedding: new Float32Array([length]),
  tokens: Array.from({ length }, () => 7),
  weight: 1,
});
const retold = Array.from({ length: 600 }, (_, n) => ofLength(n < 300 ? 10 : 15));

it('draws each caption once at most, those that say more rather, and some that say little', () => {
  const chosen = chosenReplay(retold, Random.of(1));
  const long = chosen.filter(({ tokens }) => tokens.length === 15).length;
  expect(new Set(chosen).size).toBe(400);
  expect(long).toBeGreaterThan(240);
  expect(long).toBeLessThan(300);
});

it('draws alike by one seed, and others by another', () => {
  const [one, again, other] = [1, 1, 2].map((seed) => chosenReplay(retold, Random.of(seed)));
  expect(again).toEqual(one);
  expect(other).not.toEqual(one);
});

it('leaves nothing of nothing, and one of one', () => {
  expect(chosenReplay([], Random.of(1))).toEqual([]);
  expect(chosenReplay(retold.slice(0, 1), Random.of(1))).toHaveLength(1);
});
