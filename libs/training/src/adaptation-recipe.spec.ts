import { expect, it } from 'vitest';
import { divideReplay } from './adaptation-recipe.js';

it.each([
  [32_000, 1_000],
  [800, 100],
  [0, 0],
])('judges content on the last of %i pictures, %i of them, which no run replays', (count, judged) => {
  const pictures = Array.from({ length: count }, (_, n) => n);
  const { replayed, slice } = divideReplay(pictures);
  expect(slice).toHaveLength(judged);
  expect([...replayed, ...slice]).toEqual(pictures);
});
