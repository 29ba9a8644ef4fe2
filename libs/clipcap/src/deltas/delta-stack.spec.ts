import { describe, expect, it } from 'vitest';
import { DeltaStack, orderByDelta, type ImageDelta } from './delta-stack.js';
import { LowRankDelta, type Linears } from './low-rank-delta.js';

const LINEARS: Linears = new Map([
  ['a', [2, 3]],
  ['b', [3, 1]],
]);

/** Every value of its matrices is `value`; layer b is left out of odd ones. */
function deltaOf(value: number, rank: number): LowRankDelta {
  const pair = (input: number, output: number) => ({
    rank,
    a: new Float32Array(input * rank).fill(value),
    b: new Float32Array(rank * output).fill(-value),
  });
  const pairs = new Map([['a', pair(2, 3)]]);
  if (value % 2 === 0) pairs.set('b', pair(3, 1));
  return new LowRankDelta(pairs);
}

const [one, two, three] = [deltaOf(1, 1), deltaOf(2, 2), deltaOf(3, 1)];

const values = (stack: DeltaStack, name: string) => {
  const { data, dims } = stack.feeds()[name]!;
  return { dims, values: Array.from(data, Number) };
};

describe('the deltas of a batch', () => {
  it('are stacked one per image, padded to the highest rank, zeros for who has none', () => {
    const stack = new DeltaStack(LINEARS, [one, undefined, two]);
    expect(values(stack, 'delta_groups').values).toEqual([3]);
    expect(values(stack, 'a.A')).toEqual({ dims: [3, 2, 2], values: [1, 0, 1, 0, 0, 0, 0, 0, 2, 2, 2, 2] });
    expect(values(stack, 'a.B')).toEqual({
      dims: [3, 2, 3],
      values: [-1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0, 0, -2, -2, -2, -2, -2, -2],
    });
    expect(values(stack, 'b.B')).toEqual({ dims: [3, 2, 1], values: [0, 0, 0, 0, -2, -2] });
  });

  it('are stacked once for images of one tenant that stand together in equal numbers', () => {
    expect(values(new DeltaStack(LINEARS, [two, two, two]), 'a.A').dims).toEqual([1, 2, 2]);
    expect(values(new DeltaStack(LINEARS, [two, two, one, one]), 'a.A').dims).toEqual([2, 2, 2]);
    expect(values(new DeltaStack(LINEARS, [two, two, two, one]), 'a.A').dims).toEqual([4, 2, 2]);
    expect(orderByDelta([two, undefined, two, one, undefined])).toEqual([0, 2, 1, 4, 3]);
  });

  it('are those of the images that are there, whoever leaves or enters', () => {
    const batches: ImageDelta[][] = [
      [one, two, undefined, three],
      [one, one, two, two, undefined, undefined],
      [two, two, two, two],
      [one, one, one, two, two, two, three, three, three],
    ];
    for (const images of batches) {
      for (let kept = 1; kept < 2 ** images.length - 1; kept++) {
        const left = images.filter((_, image) => kept & (1 << image));
        const stack = new DeltaStack(LINEARS, images);
        for (const now of [left, left.slice(1), [...left, three, two], [...left].reverse(), images]) {
          if (now.length === 0) continue;
          stack.set(now);
          expect(perImage(stack, now.length)).toEqual(now.map((delta) => delta?.pairs.get('a')?.a[0] ?? 0));
        }
      }
    }
  });

  it('of a lower rank leave nothing behind of a higher one', () => {
    const stack = new DeltaStack(LINEARS, [two, three]);
    stack.set([three, two]);
    expect(values(stack, 'a.A').values).toEqual([3, 0, 3, 0, 2, 2, 2, 2]);
    expect(values(stack, 'b.B').values).toEqual([0, 0, -2, -2]);
  });
});

/** The first value of each image's A of layer a. */
function perImage(stack: DeltaStack, count: number): number[] {
  const { dims, values: all } = values(stack, 'a.A');
  const groups = dims[0]!;
  expect(count % groups).toBe(0);
  return Array.from({ length: count }, (_, i) => all[Math.floor((i * groups) / count) * dims[1]! * dims[2]!]!);
}
