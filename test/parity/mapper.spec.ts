import { readMapperFiles } from '@housestyle/checkpoints';
import { ClipImageEncoder, Mapper } from '@housestyle/clipcap';
import { OnnxGraphRunner } from '@housestyle/runtime';
import { beforeAll, describe, expect, it } from 'vitest';
import { recordParity, relativeError } from './record-parity.js';
import { demoBase, MAPPER_FOLDERS, MAPPER_KINDS, NUM_PICTURES, referencePictures, referenceRow } from './reference.js';

const runner = new OnnxGraphRunner({ threads: 1 });
const DEMO_SIZES = { embeddingWidth: 128, decoderWidth: 96 };
let embeddings: Float32Array[];

beforeAll(async () => {
  const encoder = await ClipImageEncoder.load((await demoBase()).clip, runner);
  embeddings = await encoder.embed(referencePictures());
  await encoder.release();
});

describe.each(MAPPER_KINDS)('%s mapper', (kind) => {
  it('gives the reference’s prefixes from the picture’s bytes, whatever the batch', async () => {
    const mapper = await Mapper.load(await readMapperFiles(MAPPER_FOLDERS[kind]), DEMO_SIZES, runner);
    const prefixes = await mapper.map(embeddings);
    prefixes.forEach((prefix, n) => {
      recordParity(`prefix_${kind} ${n}, relative`, relativeError(prefix, referenceRow(`prefix_${kind}`, n)), 1e-5);
    });
    for (const size of [1, 3]) {
      const errors: number[] = [];
      for (let from = 0; from < NUM_PICTURES; from += size) {
        const batch = await mapper.map(embeddings.slice(from, from + size));
        errors.push(...batch.map((prefix, n) => relativeError(prefix, prefixes[from + n]!)));
      }
      recordParity(`prefix_${kind} in batches of ${size} against 8, relative`, Math.max(...errors), 1e-6);
    }
    await mapper.release();
  });

  it('is refused by a base of other widths', async () => {
    const files = await readMapperFiles(MAPPER_FOLDERS[kind]);
    for (const base of [
      { ...DEMO_SIZES, embeddingWidth: 512 },
      { ...DEMO_SIZES, decoderWidth: 768 },
    ]) {
      await expect(Mapper.load(files, base, runner)).rejects.toMatchObject({ code: 'mapper_mismatch' });
    }
  });
});
