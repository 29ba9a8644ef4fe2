import { describe, expect, it } from 'vitest';
import { captionBatch } from './caption-batch.js';
import { endedTokens, tokenWeight, type CaptionExample } from './caption-example.js';
import { dropoutFeeds } from './dropout-feeds.js';

const examples: CaptionExample[] = [
  { embedding: Float32Array.of(1, 2), tokens: [7, 0, 9], weight: 1 },
  { embedding: Float32Array.of(3, 4), tokens: [5], weight: 3 },
];

describe('captionBatch', () => {
  it('predicts each word from the position before it, and nothing at padding', () => {
    const { feeds, sizes } = captionBatch(examples, 10, 6);
    expect(sizes).toEqual({ B: 2, S: 2, L: 12, N: 4 });
    expect(feeds['input_ids']).toMatchObject({ dims: [2, 2], data: BigInt64Array.of(7n, 0n, 0n, 0n) });
    expect(feeds['rows']!.data).toEqual(BigInt64Array.of(9n, 10n, 11n, 21n));
    expect(feeds['targets']!.data).toEqual(BigInt64Array.of(7n, 0n, 9n, 5n));
    expect(feeds['weights']!.data).toEqual(Float32Array.of(1 / 6, 1 / 6, 1 / 6, 0.5));
    expect(feeds['image_embeds']).toMatchObject({ dims: [2, 2], data: Float32Array.of(1, 2, 3, 4) });
  });

  it('reads an ignored token, and learns to write every other one', () => {
    const [first, second] = examples as [CaptionExample, CaptionExample];
    const ignoring = [{ ...first, ignoredTokenId: 0 }, second];
    expect(tokenWeight(ignoring)).toBe(5);
    const { feeds, sizes } = captionBatch(ignoring, 10, 5);
    expect(sizes).toEqual({ B: 2, S: 2, L: 12, N: 3 });
    expect(feeds['input_ids']).toMatchObject({ data: BigInt64Array.of(7n, 0n, 0n, 0n) });
    expect(feeds['rows']!.data).toEqual(BigInt64Array.of(9n, 11n, 21n));
    expect(feeds['targets']!.data).toEqual(BigInt64Array.of(7n, 9n, 5n));
  });
});

describe('endedTokens', () => {
  it('ends a caption with the stop token, once, unless it is too long', () => {
    const ending = { stopTokenId: 13, maxTokens: 4 };
    expect(endedTokens([1, 2], ending)).toEqual([1, 2, 13]);
    expect(endedTokens([1, 13], ending)).toEqual([1, 13]);
    expect(endedTokens([1, 2, 3, 4, 5], ending)).toEqual([1, 2, 3, 4]);
    expect(endedTokens([1, 2], { maxTokens: 4 })).toEqual([1, 2]);
  });
});

describe('dropoutFeeds', () => {
  const inputs = [
    { name: 'kept.0', dims: ['B*L', 50], share: 0.1 },
    { name: 'kept.1', dims: ['N', 7], share: 0.5 },
  ];
  const sizes = { B: 40, S: 13, L: 23, N: 560 };

  it('keep the share that is left, alike for the same seed', () => {
    const feeds = dropoutFeeds(inputs, sizes, 1);
    expect(feeds['kept.0']!.dims).toEqual([920, 50]);
    for (const { name, share } of inputs) {
      const { data } = feeds[name]!;
      const kept = data.reduce((sum, value) => sum + value, 0) / data.length;
      expect(Math.abs(kept - (1 - share))).toBeLessThan(0.02);
    }
    expect(dropoutFeeds(inputs, sizes, 1)).toEqual(feeds);
    expect(dropoutFeeds(inputs, sizes, 2)).not.toEqual(feeds);
  });
});
