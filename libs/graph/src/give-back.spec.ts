import { describe, expect, it } from 'vitest';
import { giveBack } from './give-back.js';

describe('giveBack', () => {
  it('frees memory at once', () => {
    const before = process.memoryUsage().arrayBuffers;
    const arrays = [new Float32Array(1e7), new Uint16Array(2e7), new Float32Array(0)];
    expect(process.memoryUsage().arrayBuffers - before).toBeGreaterThan(7.9e7);
    giveBack(arrays);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1e7);
    expect(arrays.map(({ length }) => length)).toEqual([0, 0, 0]);
  });
});
