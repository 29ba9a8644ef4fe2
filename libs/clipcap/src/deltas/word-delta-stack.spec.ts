import { describe, expect, it } from 'vitest';
import type { ImageDelta } from './delta-stack.js';
import { LowRankDelta } from './low-rank-delta.js';
import { WordDeltaStack } from './word-delta-stack.js';

const [V, C] = [3, 2];

/** A's values are `value` + row, B's -`value`. */
function deltaOf(value: number, rank: number): LowRankDelta {
  const a = Float32Array.from({ length: V * rank }, (_, at) => value + Math.floor(at / rank));
  return new LowRankDelta(new Map([['words', { rank, a, b: new Float32Array(rank * C).fill(-value) }]]));
}

const [one, two, three, four] = [deltaOf(10, 1), deltaOf(20, 2), deltaOf(30, 1), deltaOf(40, 1)];
const other = new LowRankDelta(new Map([['a', { rank: 1, a: new Float32Array(2), b: new Float32Array(2) }]]));

const stackOf = (...images: ImageDelta[]) => new WordDeltaStack('words', [V, C], images);
const values = (stack: WordDeltaStack, name: string) => {
  const { data, dims } = stack.feeds()[name]!;
  return { dims, values: Array.from(data, Number) };
};

describe('the word deltas of a batch', () => {
  it('stand side by side, a tenant’s once, and say whose they are', () => {
    const stack = stackOf(one, undefined, two, other, two);
    expect(values(stack, 'words.A')).toEqual({ dims: [V, 3], values: [10, 20, 20, 11, 21, 21, 12, 22, 22] });
    expect(values(stack, 'words.B')).toEqual({ dims: [3, C], values: [-10, -10, -20, -20, -20, -20] });
    const owners = [[1, 0, 0], [0, 0, 0], [0, 1, 1], [0, 0, 0], [0, 1, 1]]; // prettier-ignore
    expect(values(stack, 'word_delta_owners')).toEqual({ dims: [5, 3], values: owners.flat() });
  });

  it('are copies, of one tenant’s alone too: what it lent goes to others when its images are done', () => {
    const [lent, same] = [deltaOf(20, 2), deltaOf(20, 2)];
    const stack = stackOf(lent, other, lent);
    const pair = lent.pairs.get('words')!;
    for (const values of [pair.a, pair.b]) values.fill(NaN);
    expect(sums(stack)).toEqual([same, other, same].map(sumOf));
    stack.set([other]);
    expect(sums(stack)).toEqual([sumOf(other)]);
  });

  it('are needed where an image’s delta has one', () => {
    expect(WordDeltaStack.isNeeded('words', [undefined, other, one])).toBe(true);
    expect(WordDeltaStack.isNeeded('words', [undefined, other])).toBe(false);
  });

  it('are those of the images that are there, whoever leaves or enters', () => {
    const batches: ImageDelta[][] = [
      [one, two, undefined, three],
      [one, one, other, two, two, three],
    ];
    for (const images of batches) {
      for (let kept = 1; kept < 2 ** images.length; kept++) {
        const left = images.filter((_, image) => kept & (1 << image));
        const stack = stackOf(...images);
        for (const now of [left, left.slice(1), [...left, three, four], [four, two], [two], images]) {
          stack.set(now);
          expect(sums(stack)).toEqual(now.map(sumOf));
        }
      }
    }
  });

  it('let go of who has left, once half have', () => {
    const stack = stackOf(one, two, three);
    stack.set([one, two]);
    expect(values(stack, 'words.A').dims).toEqual([V, 4]);
    stack.set([two]);
    expect(values(stack, 'words.A').dims).toEqual([V, 2]);
  });

  it('take the place of one that has left, without touching the others', () => {
    const stack = stackOf(one, two, three);
    const before = stack.feeds()['words.A']!.data;
    stack.set([one, two, four]);
    expect(stack.feeds()['words.A']!.data).toBe(before);
    expect(values(stack, 'words.A').values.slice(0, 4)).toEqual([10, 20, 20, 40]);
    expect(two.pairs.get('words')!.a[0]).toBe(20);
  });
});

/** What each image's delta comes to for word 0 and channel 0. */
function sums(stack: WordDeltaStack): number[] {
  const [a, b, owners] = ['words.A', 'words.B', 'word_delta_owners'].map((name) => values(stack, name));
  const [images, W] = owners!.dims as [number, number];
  return Array.from({ length: images }, (_, image) => {
    let sum = 0;
    for (let n = 0; n < W; n++) sum += owners!.values[image * W + n]! * a!.values[n]! * b!.values[n * C]!;
    return sum;
  });
}

function sumOf(delta: ImageDelta): number {
  const pair = delta?.pairs.get('words');
  return pair ? pair.rank * pair.a[0]! * pair.b[0]! : 0;
}
