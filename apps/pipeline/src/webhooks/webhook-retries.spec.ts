import { expect, it } from 'vitest';
import { retryInMs } from './webhook-retries.js';

it('waits four times as long each time, up to twelve hours, and ends with the last attempt', () => {
  const policy = { pauseMs: 5_000, maxAttempts: 10 };
  const pauses = Array.from({ length: 10 }, (_, index) => retryInMs(index + 1, policy, () => 0.5));
  expect(pauses).toEqual([
    ...[5_000, 20_000, 80_000, 320_000, 1_280_000, 5_120_000, 20_480_000, 43_200_000, 43_200_000],
    undefined,
  ]);
  expect(retryInMs(1, policy, () => 0)).toBe(4_000);
  expect(retryInMs(1, policy, () => 1)).toBe(6_000);
});
