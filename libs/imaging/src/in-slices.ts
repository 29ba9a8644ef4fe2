import { createHash } from 'node:crypto';
import { setImmediate as otherWork } from 'node:timers/promises';

/** hashed in 2 to 6 ms, copied in less: what a picture of 64 MB may hold up other work at a time */
const SLICE_BYTES = 4 * 2 ** 20;

/** @returns the sha256 in hex; other work goes on between the slices */
export async function sha256InSlices(bytes: Uint8Array): Promise<string> {
  const hash = createHash('sha256');
  for (let at = 0; at < bytes.length; at += SLICE_BYTES) {
    if (at > 0) await otherWork();
    hash.update(bytes.subarray(at, at + SLICE_BYTES));
  }
  return hash.digest('hex');
}

/** The same bytes with room for `length`; other work goes on between the slices. */
export async function enlargeInSlices(bytes: Uint8Array, length: number): Promise<Buffer> {
  const larger = Buffer.allocUnsafeSlow(length);
  for (let at = 0; at < bytes.length; at += SLICE_BYTES) {
    if (at > 0) await otherWork();
    larger.set(bytes.subarray(at, at + SLICE_BYTES), at);
  }
  return larger;
}
