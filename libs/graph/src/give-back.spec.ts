import { describe, expect, it } from 'vitest';
import { giveBack } from './give-back.js';
import { float32, int64 } from './tensor.js';

describe('giveBack', () => {
  it('frees the memory of the outputs that are named, at once', () => {
    const before = process.memoryUsage().arrayBuffers;
    const outputs = { key: float32(new Float32Array(1e7)), value: float32(new Float32Array(1e7)), ids: int64([1, 2]) };
    expect(process.memoryUsage().arrayBuffers - before).toBeGreaterThan(7.9e7);
    giveBack(outputs, ['key', 'value']);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1e7);
    expect([outputs.key.data.length, outputs.value.data.length, outputs.ids.data.length]).toEqual([0, 0, 2]);
  });
});
