import { createHash, randomBytes } from 'node:crypto';

import { expect, it } from 'vitest';

import { concatInSlices, sha256InSlices } from './in-slices.js';

const bytes = randomBytes(9 * 2 ** 20 + 7);

it.each([0, 1, 4 * 2 ** 20, bytes.length])('hashes %i bytes as a whole would be', async (length) => {
  const some = bytes.subarray(0, length);
  expect(await sha256InSlices(some)).toBe(createHash('sha256').update(some).digest('hex'));
});

it('puts chunks together in their order', async () => {
  const chunks = Array.from({ length: 100 }, (_, index) => bytes.subarray(index * 90_000, (index + 1) * 90_000));
  expect((await concatInSlices(chunks, 9_000_000)).equals(bytes.subarray(0, 9_000_000))).toBe(true);
});

it('lets other work go on', async () => {
  let turns = 0;
  const timer = setInterval(() => (turns += 1), 0);
  await sha256InSlices(bytes);
  clearInterval(timer);
  expect(turns).toBeGreaterThan(0);
});
