import { randomBytes } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { expect, it } from 'vitest';

import { collectBytes } from './collect-bytes.js';

const MAX = 100_000;

/** `bytes` in pieces of one buffer, which is written over as soon as the next piece is asked for. */
async function* inReusedChunks(bytes: Buffer, chunkBytes: number): AsyncGenerator<Buffer> {
  const received = Buffer.alloc(chunkBytes);
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    yield received.subarray(0, bytes.copy(received, 0, at, at + chunkBytes));
    received.fill(0);
  }
}

it.each([
  [0, undefined],
  [1, undefined],
  [MAX, undefined],
  [MAX, MAX],
  [MAX, 10],
  [MAX, 0],
  [10, MAX],
  [10, 2 ** 40],
  [10, NaN],
])('keeps %i bytes of which %s were announced, in a buffer of its own', async (length, announced) => {
  const bytes = randomBytes(length);
  for (const chunkBytes of [1, 7_000, MAX]) {
    const collected = await collectBytes(inReusedChunks(bytes, chunkBytes), MAX, announced);
    expect(collected.equals(bytes), `in chunks of ${chunkBytes}`).toBe(true);
    expect(collected.buffer.byteLength).toBeLessThanOrEqual(MAX);
  }
});

it.each([undefined, 10, MAX])('refuses one byte too many, %s announced', async (announced) => {
  for (const chunkBytes of [1, 7_000, MAX + 1]) {
    const body = inReusedChunks(Buffer.alloc(MAX + 1), chunkBytes);
    await expect(collectBytes(body, MAX, announced)).rejects.toMatchObject({ code: 'source_too_large' });
  }
});

it('keeps nothing of the buffers that the bytes came in', async () => {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  let heldBytes = 0;
  async function* oneByteOfEach(): AsyncGenerator<Buffer> {
    for (let n = 0; n < 1_000; n++) yield Buffer.alloc(60_000).subarray(0, 1);
    // the first only begins to give back what it found
    collectGarbage();
    collectGarbage();
    heldBytes = process.memoryUsage().arrayBuffers;
  }
  collectGarbage();
  const before = process.memoryUsage().arrayBuffers;
  expect(await collectBytes(oneByteOfEach(), 4_096)).toHaveLength(1_000);
  expect(heldBytes - before).toBeLessThan(10_000_000);
});
