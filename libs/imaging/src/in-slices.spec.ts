import { createHash, randomBytes } from 'node:crypto';

import { expect, it } from 'vitest';

import { enlargeInSlices, sha256InSlices } from './in-slices.js';

const bytes = randomBytes(9 * 2 ** 20 + 7);

it.each([0, 1, 4 * 2 ** 20, bytes.length])('hashes %i bytes as a whole would be', async (length) => {
  const some = bytes.subarray(0, length);
  expect(await sha256InSlices(some)).toBe(createHash('sha256').update(some).digest('hex'));
});

it.each([0, 1, bytes.length])('makes room for more behind %i bytes', async (length) => {
  const larger = await enlargeInSlices(bytes.subarray(0, length), bytes.length + 5);
  expect(larger).toHaveLength(bytes.length + 5);
  expect(larger.subarray(0, length).equals(bytes.subarray(0, length))).toBe(true);
});

it('lets other work go on', async () => {
  let turns = 0;
  const timer = setInterval(() => (turns += 1), 0);
  await sha256InSlices(bytes);
  clearInterval(timer);
  expect(turns).toBeGreaterThan(0);
});
