import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describeBaseModel, openBaseModel } from '@housestyle/checkpoints';
import { embeddingToBytes } from '@housestyle/contracts/captioner';
import type { Completion } from '@housestyle/database';
import { MapperVersionRepository } from '@housestyle/database';
import type { TenantId } from '@housestyle/domain';
import { captionOne } from '../integration/caption-one.js';
import { GOLDENS_FOLDER, referenceRow, referenceTexts } from '../parity/reference.js';
import { DEMO_MODEL, putDeltaArtefact } from './captioner.js';
import type { TestDatabase } from './postgres.js';
import { randomDelta, wordLayer } from './random-delta.mjs';

/** Captions golden picture `n` for a tenant as the demo base did, with its real embedding. @returns the suggestion's id */
export async function captionGolden(
  { database }: TestDatabase,
  tenant: TenantId,
  n: number,
  change: Partial<Completion> = {},
): Promise<string> {
  const { file, mlp } = referenceTexts().pictures[n]!;
  const { name, sha256 } = await describeBaseModel(DEMO_MODEL);
  const { suggestionId } = await captionOne(database, tenant, {
    baseModel: name,
    baseSha256: sha256,
    embedding: new Uint8Array(embeddingToBytes(referenceRow('image_embeds', n))),
    preview: {
      contentType: 'image/png',
      width: 128,
      height: 128,
      bytes: await readFile(join(GOLDENS_FOLDER, 'images/test', file)),
    },
    hypotheses: mlp.beam5.map(({ text, score, ids }) => ({ text, score, tokens: ids, isStopped: true })),
    ...change,
  });
  return suggestionId;
}

/** A tenant's mapper version that changes the word table: what it is said in are words of its own. @returns its id */
export async function registerOwnWords(
  { database }: TestDatabase,
  tenant: TenantId,
  artefacts: string,
  seed: number,
): Promise<string> {
  const { gpt2 } = await openBaseModel(DEMO_MODEL);
  const { name, sha256: baseSha256 } = await describeBaseModel(DEMO_MODEL);
  const { sha256, key } = await putDeltaArtefact(artefacts, `own-words/${seed}`, {
    config: { mapping_type: 'mlp', prefix_length: 10 },
    decoderDelta: randomDelta([wordLayer(gpt2.weights)], 8, seed, 2),
  });
  const draft = { name: `own words ${seed}`, baseModel: name, baseSha256, sha256, key, kind: 'delta' } as const;
  return (await new MapperVersionRepository(database).register(tenant, draft)).id;
}
