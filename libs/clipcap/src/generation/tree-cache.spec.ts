import { float32, type Fetched } from '@housestyle/graph';
import { describe, expect, it } from 'vitest';
import { parseGpt2Config } from '../gpt2-config.js';
import { TreeCache, type TreeImage } from './tree-cache.js';

const CONFIG = parseGpt2Config({ vocab_size: 10, n_positions: 64, n_embd: 4, n_head: 2, n_layer: 1 });
const [H, D] = [2, 2];

describe('TreeCache', () => {
  it('holds what each image added, however it grew and whoever left', () => {
    const cache = new TreeCache(CONFIG);
    const expected = new Map([1, 2, 3].map((image) => [image, values(image, 0, image + 2)]));
    cache.put(present([1, 2, 3], 0, 5), [3, 4, 5], [0, 1, 2]);
    let here = [1, 2, 3];
    for (let step = 1; step <= 12; step++) {
      if (step === 7) {
        cache.move(2, 0);
        cache.cut(2);
        here = [3, 2];
      }
      const counts = here.map((image) => 1 + ((step + image) % 3));
      const slots = cache.makeRoom(here.map((image, i) => chain(expected.get(image)!.length, counts[i]!)));
      cache.append(present(here, step, 3), slots);
      here.forEach((image, i) => expected.get(image)!.push(...values(image, step, counts[i]!)));
    }
    here.forEach((image, row) => {
      const all = expected.get(image)!;
      expect(contents(cache, row).slice(0, all.length)).toEqual(all);
    });
  });

  it('takes new images behind those that are under way, and in the place of one that has left', () => {
    const cache = new TreeCache(CONFIG);
    cache.put(present([1], 0, 3), [3], [0]);
    cache.append(present([1], 1, 2), cache.makeRoom([chain(3, 2)]));
    cache.put(present([2], 0, 7), [7], [1]);
    expect(contents(cache, 0).slice(0, 5)).toEqual([...values(1, 0, 3), ...values(1, 1, 2)]);
    expect(contents(cache, 1).slice(0, 7)).toEqual(values(2, 0, 7));
    cache.put(present([3], 0, 4), [4], [0]);
    expect(contents(cache, 0).slice(0, 4)).toEqual(values(3, 0, 4));
    expect(contents(cache, 1).slice(0, 7)).toEqual(values(2, 0, 7));
  });

  it('keeps the slots that a beam still descends from, and no row longer than these need', () => {
    const cache = new TreeCache(CONFIG);
    cache.put(present([1], 0, 2), [2], [0]);
    let image: TreeImage = { prefixLength: 2, paths: [[]] };
    let ways: number[][] = [[]];
    for (let step = 1; step <= 60; step++) {
      const slots = cache.makeRoom([image]);
      cache.append(present([1], step, 3), slots);
      // three beams, all behind the same one of the last step
      const parent = step % image.paths.length;
      const seen = [...image.paths[parent]!, slots[0]![parent]!];
      const way = [...ways[parent]!, value(1, step, parent, 1)];
      image = { ...image, paths: [seen, seen, seen] };
      ways = [way, way, way];
      const all = contents(cache, 0);
      expect(image.paths.map((path) => path.map((slot) => all[slot]))).toEqual(ways);
      expect(all.slice(0, 2)).toEqual(values(1, 0, 2));
    }
    expect(cache.capacity).toBeLessThan(2 + 60 + 3 * 5);
  });

  it('is no longer than what is left needs, once long captions have gone', () => {
    const cache = new TreeCache(CONFIG);
    cache.put(present([1, 2], 0, 200), [200, 5], [0, 1]);
    cache.move(1, 0);
    cache.cut(1);
    cache.put(present([3], 0, 6), [6], [1]);
    expect(cache.capacity).toBeLessThan(64);
    expect(contents(cache, 0).slice(0, 5)).toEqual(values(2, 0, 5));
    expect(contents(cache, 1).slice(0, 6)).toEqual(values(3, 0, 6));
    cache.cut(0);
    cache.put(present([4], 0, 3), [3], [0]);
    expect(contents(cache, 0)).toEqual(values(4, 0, 3));
  });

  it('gives the memory of what it has taken in back', () => {
    const cache = new TreeCache(CONFIG);
    const [first, next] = [present([1], 0, 3), present([1], 1, 2)];
    cache.put(first, [3], [0]);
    cache.append(next, cache.makeRoom([chain(3, 2)]));
    const given = [first, next].flatMap((outputs) => Object.values(outputs));
    expect(given.map(({ data }) => data.length)).toEqual([0, 0, 0, 0]);
    expect(contents(cache, 0).slice(0, 5)).toEqual([...values(1, 0, 3), ...values(1, 1, 2)]);
  });

  it('lets nothing of one image reach another that is beside it or comes after it', () => {
    const cache = new TreeCache(CONFIG);
    const broken = () => float32(new Float32Array(2 * H * 20 * D).fill(NaN), [2, H, 20, D]);
    cache.put({ 'present.0.key': broken(), 'present.0.value': broken() }, [20, 20], [0, 1]);
    cache.put(present([1], 0, 2), [2], [0]);
    for (let step = 1; step <= 9; step++) {
      const slots = cache.makeRoom([chain(2 * step, 2), chain(20 + 2 * step, 2)]);
      cache.append(present([1, 2], step, 2), slots);
    }
    expect(contents(cache, 0).every(Number.isFinite)).toBe(true);
    cache.cut(0);
    cache.put(present([3, 4], 0, 2), [2, 2], [0, 1]);
    cache.makeRoom([chain(2, 9), chain(2, 9)]);
    expect([...contents(cache, 0), ...contents(cache, 1)].every(Number.isFinite)).toBe(true);
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
const values = (image: number, step: number, count: number): number[] =>
  Array.from({ length: count }, (_, position) => value(image, step, position, 1));

function present(images: readonly number[], step: number, S: number): Fetched {
  const data = images.flatMap((image) =>
    Array.from({ length: H * S * D }, (_, i) => value(image, step, Math.floor(i / D) % S, Math.floor(i / (S * D)))),
  );
  const tensor = () => float32(data, [images.length, H, S, D]);
  return { 'present.0.key': tensor(), 'present.0.value': tensor() };
}

/** All slots of a row. */
function contents(cache: TreeCache, image: number): number[] {
  const { data, dims } = cache.feeds()['past_key_values.0.value']!;
  const T = dims[2]!;
  expect(T).toBe(cache.capacity);
  const row = (image * H + 1) * T * D;
  return Array.from({ length: T }, (_, slot) => Number(data[row + slot * D]));
}
