import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CaptionEngine } from '@housestyle/clipcap';
import { openBaseModel } from '@housestyle/checkpoints';
import { embeddingToBytes, type CaptionItem, type InterpretResult } from '@housestyle/contracts/captioner';
import type { MapperReference } from '@housestyle/domain';
import { OnnxGraphRunner } from '@housestyle/runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GOLDENS_FOLDER, NUM_PICTURES, referencePictures, referenceRow } from '../parity/reference.js';
import {
  DEMO_MODEL,
  putDeltaArtefact,
  putMapperArtefact,
  startCaptioner,
  type RunningCaptioner,
} from '../support/captioner.js';
import { asWeights, randomDelta, wordLayer } from '../support/random-delta.mjs';

const CALL = { deadlineMs: 60_000 };
const CONFIG = { mapping_type: 'mlp', prefix_length: 10 };
const golden = JSON.parse(readFileSync(join(GOLDENS_FOLDER, 'interpretation.json'), 'utf8')) as Record<
  'mlp' | 'transformer',
  readonly { readonly ids: readonly (readonly number[])[] }[]
>;

describe('a captioner asked what prefixes say', () => {
  let captioner: RunningCaptioner;
  let transformer: MapperReference;
  let ownWords: MapperReference;
  /** what the tenant of `ownWords` is told of each picture, by an engine of its own. */
  let expectedOwn: number[][][];

  beforeAll(async () => {
    const base = await openBaseModel(DEMO_MODEL);
    const decoderDelta = randomDelta([wordLayer(base.gpt2.weights)], 8, 3, 2);
    captioner = await startCaptioner();
    transformer = await putMapperArtefact(captioner.artefacts, 'tenant-1/v1', 'models/demo/mapper-transformer');
    ownWords = await putDeltaArtefact(captioner.artefacts, 'tenant-2/v1', { config: CONFIG, decoderDelta });
    const engine = await CaptionEngine.load(base, new OnnxGraphRunner({ threads: 1 }));
    const mapper = await engine.loadMapper({ config: CONFIG, decoderDelta: asWeights('words', decoderDelta) }, 'own');
    const own = await engine.interpret(
      embeddings().map((embedding) => ({ input: { embedding }, mapper })),
      5,
    );
    expectedOwn = own.map(({ positions }) => positions.map(({ words }) => words.map(({ tokenId }) => tokenId)));
    await engine.release();
  });
  afterAll(() => captioner.close());

  it('tells each item in the words of its own mapper version, five when nobody says how many', async () => {
    const items = embeddings().flatMap((embedding, n): CaptionItem[] => {
      const input = { embedding: { values: embeddingToBytes(embedding) } };
      return [
        { id: `${n} base`, ...input },
        { id: `${n} transformer`, ...input, mapper: transformer },
        { id: `${n} own`, ...input, mapper: ownWords },
      ];
    });
    const { results, baseModel, baseModelSha256 } = await captioner.client.interpret(
      { baseModel: 'demo', items },
      CALL,
    );
    expect(baseModel).toBe('demo');
    expect(baseModelSha256).toMatch(/^[0-9a-f]{64}$/);
    results.forEach((result, i) => {
      const n = Math.floor(i / 3);
      expect(result.status.code).toBe('ok');
      const expected = [golden.mlp[n]!.ids, golden.transformer[n]!.ids, expectedOwn[n]!][i % 3]!;
      expect(result.mapperId).toBe(['base', transformer.id, ownWords.id][i % 3]);
      expect(idsOf(result)).toEqual(expected.map((ids) => ids.slice(0, 5)));
    });
    expect(expectedOwn.map((ids) => ids.map(([first]) => first))).not.toEqual(
      golden.mlp.map(({ ids }) => ids.map(([first]) => first)),
    );
  });

  it('takes pictures too, beside captions that others ask for meanwhile', async () => {
    const items = referencePictures().map((rgb, n) => ({ id: String(n), pixels: { rgb } }));
    const [{ results }, captions] = await Promise.all([
      captioner.client.interpret({ baseModel: 'demo', items, topK: 1 }, CALL),
      captioner.client.caption({ baseModel: 'demo', items }, CALL),
    ]);
    expect(results.map(idsOf)).toEqual(golden.mlp.map(({ ids }) => ids.map(([first]) => [first])));
    expect(captions.results.every(({ hypotheses }) => hypotheses.length === 5)).toBe(true);
  });

  it('gives each bad item its own status and tells of the others', async () => {
    const values = embeddingToBytes(embeddings()[0]!);
    const items = [
      { id: 'short', embedding: { values: values.subarray(0, 8) } },
      { id: 'good', embedding: { values } },
      { id: 'lost', embedding: { values }, mapper: { ...transformer, sha256: 'f'.repeat(64), key: 'nowhere' } },
    ];
    const { results } = await captioner.client.interpret({ baseModel: 'demo', items }, CALL);
    expect(results.map(({ status }) => status.code)).toEqual(['invalid_request', 'ok', 'mapper_not_found']);
    expect(results.map(({ positions }) => positions.length)).toEqual([0, 10, 0]);
  });

  it.each([
    [{ baseModel: 'nobody', items: [{ id: 'a' }] }, 'model_not_found'],
    [{ baseModel: 'demo', items: [] }, 'invalid_request'],
    [{ baseModel: 'demo', items: [{ id: 'a' }], topK: 51 }, 'invalid_request'],
  ])('refuses %o as a whole', async (request, code) => {
    await expect(captioner.client.interpret(request, CALL)).rejects.toMatchObject({ code });
  });
});

const embeddings = (): Float32Array[] =>
  Array.from({ length: NUM_PICTURES }, (_, n) => referenceRow('image_embeds', n).slice());
const idsOf = ({ positions }: InterpretResult): number[][] =>
  positions.map(({ words }) => words.map(({ tokenId }) => tokenId));
