import { float32, type Fetched } from '@housestyle/graph';
import { describe, expect, it } from 'vitest';
import { parseGpt2Config } from '../gpt2-config.js';
import { TreeCache } from './tree-cache.js';

const CONFIG = parseGpt2Config({ vocab_size: 10, n_positions: 64, n_embd: 4, n_head: 2, n_layer: 1 });
const [H, D] = [2, 2];

describe('TreeCache', () => {
  it('holds what each image added, however it grew and whoever left', () => {
    const cache = new TreeCache(CONFIG);
    const expected = [1, 2, 3].map((image) => slots(image, 0, image + 2));
    cache.add(present([1, 2, 3], 0, 5), [3, 4, 5]);
    for (let step = 1; step <= 12; step++) {
      const here = step <= 6 ? [1, 2, 3] : [1, 3];
      if (step === 7) cache.keep([0, 2]);
      const counts = here.map((image) => 1 + ((step + image) % 3));
      cache.append(present(here, step, 3), counts);
      here.forEach((image, i) => expected[image - 1]!.push(...slots(image, step, counts[i]!)));
    }
    expect(contents(cache, 0)).toEqual(expected[0]);
    expect(contents(cache, 1)).toEqual(expected[2]);
  });

  it('takes new images behind those that are under way', () => {
    const cache = new TreeCache(CONFIG);
    cache.add(present([1], 0, 3), [3]);
    cache.append(present([1], 1, 2), [2]);
    cache.add(present([2], 0, 7), [7]);
    expect(contents(cache, 0)).toEqual([...slots(1, 0, 3), ...slots(1, 1, 2)]);
    expect(contents(cache, 1)).toEqual(slots(2, 0, 7));
  });
});

/** A value that says whose it is: image, step, position in the step, head. */
const value = (image: number, step: number, position: number, head: number): number =>
  image * 1e5 + step * 1e3 + position * 10 + head;

/** What an image's head 1 should hold. */
const slots = (image: number, step: number, count: number): number[] =>
  Array.from({ length: count }, (_, position) => value(image, step, position, 1));

function present(images: readonly number[], step: number, S: number): Fetched {
  const data = images.flatMap((image) =>
    Array.from({ length: H * S * D }, (_, i) => value(image, step, Math.floor(i / D) % S, Math.floor(i / (S * D)))),
  );
  const tensor = float32(data, [images.length, H, S, D]);
  return { 'present.0.key': tensor, 'present.0.value': tensor };
}

function contents(cache: TreeCache, image: number): number[] {
  const { data, dims } = cache.feeds()['past_key_values.0.value']!;
  const T = dims[2]!;
  expect(T).toBe(cache.capacity);
  const row = (image * H + 1) * T * D;
  return Array.from({ length: cache.usedBy(image) }, (_, slot) => Number(data[row + slot * D]));
}
