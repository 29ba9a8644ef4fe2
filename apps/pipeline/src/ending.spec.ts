import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Ending } from './ending.js';

describe('Ending', () => {
  let codes: number[];
  let ending: Ending;
  beforeEach(() => {
    vi.useFakeTimers();
    codes = [];
    ending = new Ending((code) => codes.push(code));
  });
  afterEach(() => void vi.useRealTimers());

  it('gives back first, then exits with the code asked for first', async () => {
    let finish = () => {};
    const given: number[] = [];
    ending.stop = (timeoutMs) => {
      given.push(timeoutMs);
      return new Promise((resolve) => (finish = resolve));
    };
    ending.begin(1, 2_000);
    ending.begin(0, 9_000);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(codes).toEqual([]);
    finish();
    await vi.advanceTimersByTimeAsync(60_000);
    expect([given, codes]).toEqual([[2_000], [1]]);
  });

  it('exits with 1 when giving back fails, or hangs', async () => {
    ending.stop = () => Promise.reject(new Error('the database is away'));
    ending.begin(0, 2_000);
    await vi.advanceTimersByTimeAsync(0);
    expect(codes).toEqual([1]);
    ending = new Ending((code) => codes.push(code));
    ending.stop = () => new Promise(() => {});
    ending.begin(0, 2_000);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(codes).toEqual([1, 1]);
    ending = new Ending((code) => codes.push(code));
    ending.stop = () => new Promise(() => {});
    ending.begin(0, 300, 700);
    await vi.advanceTimersByTimeAsync(999);
    expect(codes).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1);
    expect(codes).toEqual([1, 1, 1]);
  });
});
