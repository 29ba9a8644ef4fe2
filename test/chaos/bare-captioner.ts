import { join } from 'node:path';
import type { CaptionerClient } from '@housestyle/contracts/captioner';
import { demoPixels } from '../support/captioner.js';
import { PICTURES } from './library.js';

const BATCH = 32;
const IN_FLIGHT = 3;

export interface BareRun {
  /** by asset id */
  readonly captions: ReadonlyMap<string, string>;
  /** the captioner alone: pixels in, captions out, as many calls at once as one pipeline makes */
  readonly captionsPerSecond: number;
}

/** Captions the pictures by talking to the captioner directly. */
export async function captionDirectly(client: CaptionerClient, files: readonly string[]): Promise<BareRun> {
  const items = await Promise.all(
    files.map(async (id) => ({ id, pixels: { rgb: Buffer.from(await demoPixels(join(PICTURES, id))) } })),
  );
  const batches = Array.from({ length: Math.ceil(items.length / BATCH) }, (_, n) =>
    items.slice(n * BATCH, (n + 1) * BATCH),
  );
  const captions = new Map<string, string>();
  const begun = performance.now();
  const work = async (): Promise<void> => {
    for (let batch = batches.pop(); batch; batch = batches.pop()) {
      const { results } = await client.caption({ baseModel: 'demo', items: batch }, { deadlineMs: 60_000 });
      for (const { id, hypotheses } of results) captions.set(id, hypotheses[0]!.text);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, work));
  return { captions, captionsPerSecond: files.length / ((performance.now() - begun) / 1000) };
}
