import { float32, type Fetched } from '@housestyle/graph';
import { describe, expect, it } from 'vitest';
import { parseGpt2Config } from '../gpt2-config.js';
import { TreeCache, type TreeImage } from './tree-cache.js';

const CONFIG = parseGpt2Config({ vocab_size: 10, n_positions: 64, n_embd: 4, n_head: 2, n_layer: 1 });
const [H, D] = [2, 2];

describe('TreeCache', () => {
  it('holds what each image added, however it grew and whoever left', () => {
    const cache = new TreeCache(CONFIG);
    const expected = new Map([1, 2, 3].map((image) => [image, slots(image, 0, image + 2)]));
    cache.put(present([1, 2, 3], 0, 5), [3, 4, 5], [0, 1, 2]);
    let here = [1, 2, 3];
    for (let step = 1; step <= 12; step++) {
      if (step === 7) {
        cache.move(2, 0);
        cache.cut(2);
        here = [3, 2];
      }
      const counts = here.map((image) => 1 + ((step + image) % 3));
      cache.makeRoom(here.map((image, i) => chain(expected.get(image)!.length, counts[i]!)));
      cache.append(present(here, step, 3), counts);
      here.forEach((image, i) => expected.get(image)!.push(...slots(image, step, counts[i]!)));
    }
    here.forEach((image, row) => expect(contents(cache, row)).toEqual(expected.get(image)));
  });

  it('takes new images behind those that are under way, and in the place of one that has left', () => {
    const cache = new TreeCache(CONFIG);
    cache.put(present([1], 0, 3), [3], [0]);
    cache.makeRoom([chain(3, 2)]);
    cache.append(present([1], 1, 2), [2]);
    cache.put(present([2], 0, 7), [7], [1]);
    expect(contents(cache, 0)).toEqual([...slots(1, 0, 3), ...slots(1, 1, 2)]);
    expect(contents(cache, 1)).toEqual(slots(2, 0, 7));
    cache.put(present([3], 0, 4), [4], [0]);
    expect(contents(cache, 0)).toEqual(slots(3, 0, 4));
    expect(contents(cache, 1)).toEqual(slots(2, 0, 7));
  });

  it('keeps the slots that a beam still descends from, and no row longer than these need', () => {
    const cache = new TreeCache(CONFIG);
    cache.put(present([1], 0, 2), [2], [0]);
    const image: TreeImage = { prefixLength: 2, paths: [[]] };
    let ways: number[][] = [[]];
    for (let step = 1; step <= 60; step++) {
      cache.makeRoom([image]);
      const used = cache.usedBy(0);
      cache.append(present([1], step, 3), [image.paths.length]);
      // three beams, all behind the same one of the last step
      const parent = step % image.paths.length;
      const seen = [...image.paths[parent]!, used + parent];
      ways = [[...ways[parent]!, value(1, step, parent, 1)]];
      image.paths = [seen, seen, seen];
      ways = [ways[0]!, ways[0]!, ways[0]!];
      const all = contents(cache, 0);
      expect(image.paths.map((path) => path.map((slot) => all[slot]))).toEqual(ways);
      expect(all.slice(0, 2)).toEqual(slots(1, 0, 2));
    }
    expect(cache.capacity).toBeLessThan(2 + 60 + 3 * 8);
  });

  it('is no longer than what is left needs, once long captions have gone', () => {
    const cache = new TreeCache(CONFIG);
    cache.put(present([1, 2], 0, 200), [200, 5], [0, 1]);
    cache.move(1, 0);
    cache.cut(1);
    cache.put(present([3], 0, 6), [6], [1]);
    expect(cache.capacity).toBeLessThan(64);
    expect(contents(cache, 0)).toEqual(slots(2, 0, 5));
    expect(contents(cache, 1)).toEqual(slots(3, 0, 6));
  });
});

/** An image whose beams all see all `used` slots. */
const chain = (used: number, beams: number): TreeImage => ({
  prefixLength: 1,
  paths: Array.from({ length: beams }, () => Array.from({ length: used - 1 }, (_, n) => n + 1)),
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
