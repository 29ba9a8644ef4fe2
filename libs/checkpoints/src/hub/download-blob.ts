import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { DomainError } from '@housestyle/domain';
import { contentHash } from './content-hash.js';
import { withFileLock } from './file-lock.js';
import type { HubCache } from './hub-cache.js';
import type { HubFile } from './hub-client.js';
import type { HubHttp, HubResponse } from './hub-http.js';
import { PassingFailure } from './quiet-limit.js';

export interface BlobDownload extends HubFile {
  readonly url: URL;
  /** of `sizeBytes`, what an earlier attempt left included. */
  readonly onReceived?: (bytes: number) => void;
}

/**
 * Puts a blob into the cache unless it is there: one process at a time, going on where an earlier one was cut off, and
 * under its name only when its bytes have the hash that the hub gave.
 * @throws DomainError `checksum_mismatch` when a download from its first byte on has another hash; it is not kept
 */
export async function downloadBlob(http: HubHttp, cache: HubCache, blob: BlobDownload): Promise<void> {
  if (await cache.hasBlob(blob.etag)) return;
  const partial = cache.partialBlob(blob.etag);
  await mkdir(path.dirname(partial), { recursive: true });
  await withFileLock(cache.lock(blob.etag), async () => {
    if (await cache.hasBlob(blob.etag)) return;
    const isResumed = (await sizeOf(partial)) > 0;
    await receiveAll(http, partial, blob);
    // what was kept of an attempt before may not have reached the disk whole, so once more from the first byte on
    if (isResumed && !(await isIntact(partial, blob))) {
      await rm(partial);
      await receiveAll(http, partial, blob);
    }
    await expectIntact(partial, blob);
    await rename(partial, cache.blob(blob.etag));
  });
}

/** Asks for what is missing until nothing is. */
function receiveAll(http: HubHttp, partial: string, blob: BlobDownload): Promise<void> {
  return http.retrying(async (progress) => {
    const kept = await sizeOf(partial);
    if (kept === blob.sizeBytes) return;
    const response = await http.bytes(blob.url, kept < blob.sizeBytes ? kept : 0);
    try {
      await receive(response, partial, kept, (received) => {
        progress();
        blob.onReceived?.(received);
        if (received > blob.sizeBytes) throw mismatch(blob, `more than the ${blob.sizeBytes} bytes announced`);
      });
    } finally {
      response.close();
    }
    const received = await sizeOf(partial);
    if (received < blob.sizeBytes) {
      throw new PassingFailure(
        'source_unavailable',
        `${blob.url.host} ended after ${received} of ${blob.sizeBytes} bytes`,
      );
    }
  });
}

/** Appends what the answer holds from byte `kept` on; a server that starts from the first byte is followed. */
async function receive(
  response: HubResponse,
  partial: string,
  kept: number,
  onReceived: (bytes: number) => void,
): Promise<void> {
  const isRest = response.status === 206 && response.header('content-range')?.startsWith(`bytes ${kept}-`);
  const file = await open(partial, isRest ? 'a' : 'w');
  let received = isRest ? kept : 0;
  try {
    for await (const chunk of response.body) {
      await file.writeFile(chunk);
      onReceived((received += chunk.length));
    }
  } finally {
    await file.close();
  }
}

async function expectIntact(partial: string, blob: BlobDownload): Promise<void> {
  const found = await contentHash(partial, blob.etag);
  if (found === blob.etag) return;
  await rm(partial);
  throw mismatch(blob, `bytes of ${found}`);
}

const isIntact = async (partial: string, { etag }: HubFile): Promise<boolean> =>
  (await contentHash(partial, etag)) === etag;

const mismatch = ({ url, etag }: BlobDownload, found: string): DomainError =>
  new DomainError('checksum_mismatch', `${url.href} should be ${etag} and is ${found}`);

const sizeOf = (file: string): Promise<number> =>
  stat(file).then(
    ({ size }) => size,
    () => 0,
  );
