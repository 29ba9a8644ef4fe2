import { describe, expect, it } from 'vitest';
import { BatchPlan } from './batch-plan.js';

const lengths = Array.from({ length: 103 }, (_, n) => 1 + ((n * 37) % 20));

describe('BatchPlan', () => {
  it('takes every example once an epoch, in another order each time', () => {
    const plan = new BatchPlan(lengths, { batchSize: 8, accumulation: 2, seed: 1 });
    expect(plan.updatesPerEpoch).toBe(7);
    const epochs = [0, 1].map((epoch) =>
      Array.from({ length: 7 }, (_, update) => plan.batches(epoch * 7 + update)).flat(2),
    );
    for (const epoch of epochs) expect([...epoch].sort((a, b) => a - b)).toEqual([...lengths.keys()]);
    expect(epochs[1]).not.toEqual(epochs[0]);
  });

  it('plans an update alike whether or not those before it were asked for', () => {
    const settings = { batchSize: 8, accumulation: 1, seed: 1 };
    const [walked, jumped] = [new BatchPlan(lengths, settings), new BatchPlan(lengths, settings)];
    for (let update = 0; update < 40; update++) walked.batches(update);
    expect(jumped.batches(39)).toEqual(walked.batches(39));
  });

  it('puts captions of like length together', () => {
    const plan = new BatchPlan(lengths, { batchSize: 8, accumulation: 1, seed: 1 });
    const padding = Array.from({ length: plan.updatesPerEpoch }, (_, update) => plan.batches(update)[0]!)
      .map((batch) => batch.map((index) => lengths[index]!))
      .reduce((sum, some) => sum + some.length * Math.max(...some) - some.reduce((a, b) => a + b, 0), 0);
    expect(padding / lengths.reduce((a, b) => a + b, 0)).toBeLessThan(0.15);
  });

  it('shuffles alone where asked to, and then fills every batch or leaves captions out, others each epoch', () => {
    const plan = new BatchPlan(lengths, { batchSize: 8, accumulation: 1, seed: 1, order: 'shuffled' });
    expect(plan.updatesPerEpoch).toBe(12);
    const epochs = [0, 1].map((epoch) =>
      Array.from({ length: 12 }, (_, update) => plan.batches(epoch * 12 + update)).flat(),
    );
    for (const epoch of epochs) {
      expect(epoch.map(({ length }) => length)).toEqual(Array(12).fill(8));
      expect(new Set(epoch.flat()).size).toBe(96);
    }
    expect(new Set(epochs.flat(2)).size).toBeGreaterThan(96);
    expect(new BatchPlan([3, 3], { batchSize: 8, accumulation: 1, seed: 1, order: 'shuffled' }).updatesPerEpoch).toBe(
      0,
    );
  });

  it('makes one small batch of few examples', () => {
    const plan = new BatchPlan([3, 3, 3], { batchSize: 40, accumulation: 4, seed: 1 });
    expect(plan.updatesPerEpoch).toBe(1);
    expect(plan.batches(5).flat()).toHaveLength(3);
  });
});
