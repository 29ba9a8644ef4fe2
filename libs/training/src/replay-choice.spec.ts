import { expect, it } from 'vitest';
import { Random } from './random.js';
import { chosenReplay, type RetoldPicture } from './replay-choice.js';

const pictureOf = (n: number): RetoldPicture => ({
  embedding: new Float32Array([n]),
  neutral: n < 300 ? 'A red ball on a beach.' : 'A red ball next to two green cups on a beach.',
  text: 'whatever the tenant makes of it',
});
const retold = Array.from({ length: 600 }, (_, n) => pictureOf(n));

it('draws each picture once at most, those of which more is said rather, and some of which little is', () => {
  const chosen = chosenReplay(retold, Random.of(1));
  const long = chosen.filter(({ embedding }) => embedding[0]! >= 300).length;
  expect(new Set(chosen).size).toBe(400);
  expect(long).toBeGreaterThan(280);
  expect(long).toBeLessThanOrEqual(300);
  expect(chosen.length - long).toBeGreaterThanOrEqual(100);
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
