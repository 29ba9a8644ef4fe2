import { copyFile, cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openBaseModel } from '@housestyle/checkpoints';
import { CaptionEngine, type BaseModelFiles, type CaptionOutput } from '@housestyle/clipcap';
import type { CaptionItem, CaptionResult } from '@housestyle/contracts/captioner';
import type { MapperReference } from '@housestyle/domain';
import { OnnxGraphRunner } from '@housestyle/runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { referencePictures } from '../parity/reference.js';
import { DEMO_MODEL, putDeltaArtefact, startCaptioner, type RunningCaptioner } from '../support/captioner.js';
import { isFull } from '../support/full.js';
import { asWeights, decoderLayers, mapperLayers, randomDelta } from '../support/random-delta.mjs';

const SWAPS = isFull('models') ? 100 : 15;
const FLIPS_PER_FILE = isFull('models') ? 64 : 8;
const CALLERS = 2;
const CALL = { deadlineMs: 60_000 };
const FILES = ['config.json', 'decoder_delta.safetensors', 'manifest.json', 'mapper_delta.safetensors'] as const;
const [picture] = referencePictures() as [Uint8Array];

interface Version {
  readonly reference: MapperReference;
  /** what an engine of its own says under the picture with it. */
  readonly expected: CaptionOutput;
}

let base: BaseModelFiles;
let engine: CaptionEngine;
let captioner: RunningCaptioner;
let ofBase: CaptionOutput;

beforeAll(async () => {
  base = await openBaseModel(DEMO_MODEL);
  engine = await CaptionEngine.load(base, new OnnxGraphRunner({ threads: 1 }));
  // room for less than is used, so that what was loaded and pulled is given up and comes again all the time
  captioner = await startCaptioner({ MAPPER_CACHE_ENTRIES: '2', MAPPER_CACHE_DISK_BYTES: '400000' });
  [ofBase] = (await engine.caption([{ input: { pixels: picture } }])) as [CaptionOutput];
});
afterAll(async () => {
  await captioner.close();
  await engine.release();
});

/** A mapper version unlike any other: its own delta of mapper and decoder. */
async function newVersion(key: string, seed: number): Promise<Version> {
  const config = { mapping_type: 'mlp', prefix_length: 10, generation: { stop: [13] } };
  const mapperDelta = randomDelta(mapperLayers(base.mapper.weights), 2, seed, 0.05);
  const decoderDelta = randomDelta(decoderLayers(base.gpt2.weights), 2, seed + 1, 0.3);
  const reference = await putDeltaArtefact(captioner.artefacts, key, { config, mapperDelta, decoderDelta });
  const mapper = await engine.loadMapper(
    { config, mapperDelta: asWeights('mapper', mapperDelta), decoderDelta: asWeights('decoder', decoderDelta) },
    key,
  );
  const [expected] = (await engine.caption([{ input: { pixels: picture }, mapper }])) as [CaptionOutput];
  await engine.releaseMapper(mapper);
  return { reference, expected };
}

const itemOf = (id: string, mapper?: MapperReference): CaptionItem => ({
  id,
  pixels: { rgb: picture },
  ...(mapper && { mapper }),
});

/** Token by token and score by score, so that no other version's caption passes for this one's. */
function isFrom(result: CaptionResult, mapperId: string, { hypotheses }: CaptionOutput): boolean {
  return (
    result.status.code === 'ok' &&
    result.mapperId === mapperId &&
    result.hypotheses.length === hypotheses.length &&
    hypotheses.every(({ tokens, score }, rank) => {
      const found = result.hypotheses[rank]!;
      return String(found.tokens) === String(tokens) && Math.abs(found.score - score) < 1e-4;
    })
  );
}

describe('two tenants whose mappers change under load', () => {
  it(`get ${SWAPS} new versions with no call failed and no caption of another mapper’s`, async () => {
    const champions: [Version, Version] = [
      await newVersion('tenant-1/v0', 1_000),
      await newVersion('tenant-2/v0', 2_000),
    ];
    const counts = { calls: 0, captions: 0, failed: 0, foreign: 0 };
    const usedOf = new Map<string, number>();
    let isSwapping = true;
    const ask = async (): Promise<void> => {
      const [one, two] = champions;
      const items = [
        itemOf('1', one.reference),
        itemOf('0'),
        itemOf('2', two.reference),
        itemOf('1 again', one.reference),
      ];
      const expected = [one, undefined, two, one];
      const { results } = await captioner.client.caption({ baseModel: 'demo', items }, CALL);
      counts.calls++;
      results.forEach((result, n) => {
        const version = expected[n];
        const id = version?.reference.id ?? 'base';
        usedOf.set(id, (usedOf.get(id) ?? 0) + 1);
        counts.captions++;
        if (result.status.code !== 'ok') counts.failed++;
        else if (!isFrom(result, id, version?.expected ?? ofBase)) counts.foreign++;
      });
    };
    const callers = Array.from({ length: CALLERS }, async () => {
      while (isSwapping) await ask();
    });
    const versionsOf: [Version[], Version[]] = [[], []];
    for (let swap = 1; swap <= SWAPS; swap++) {
      const tenant = swap % 2 === 0 ? 0 : 1;
      const versions = versionsOf[tenant];
      // now and then back to one that may have been given up long ago
      const earlier = swap % 5 === 0 ? versions.at(-3) : undefined;
      const next = earlier ?? (await newVersion(`tenant-${tenant + 1}/v${swap}`, 3_000 + 2 * swap));
      versions.push(next);
      const callsBefore = counts.calls;
      champions[tenant] = next;
      while (counts.calls < callsBefore + CALLERS + 1) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    isSwapping = false;
    await Promise.all(callers);
    // no two say the same, or a foreign caption might pass for the right one
    const versions = new Set(versionsOf.flat());
    expect(new Set([...versions].map(({ expected }) => JSON.stringify(expected.hypotheses))).size).toBe(versions.size);
    console.log(`swaps ${SWAPS}, ${JSON.stringify(counts)}, versions used ${usedOf.size - 1}`);
    expect(counts).toMatchObject({ failed: 0, foreign: 0 });
    for (const { reference } of versionsOf.flat()) expect(usedOf.get(reference.id), reference.id).toBeGreaterThan(0);
  });
});

describe('a mapper artefact', () => {
  const folderOf = (key: string): string => join(captioner.artefacts, key);

  it('with one bit of it flipped, wherever that is, is refused, and the version before goes on', async () => {
    const before = await newVersion('tenant-3/v1', 5_000);
    const next = await newVersion('tenant-3/v2', 6_000);
    const items: CaptionItem[] = [];
    for (const file of FILES) {
      const good = await readFile(join(folderOf(next.reference.key), file));
      for (let flip = 0; flip < FLIPS_PER_FILE; flip++) {
        const key = `flipped/${file}-${flip}`;
        await cp(folderOf(next.reference.key), folderOf(key), { recursive: true });
        const bad = Buffer.from(good);
        // one in each stretch of the file, its ends among them
        const at = Math.round((flip * (good.length - 1)) / (FLIPS_PER_FILE - 1));
        bad[at]! ^= 1 << (flip % 8);
        await writeFile(join(folderOf(key), file), bad);
        items.push(itemOf(`bad ${key}`, { ...next.reference, key }), itemOf(`good ${key}`, before.reference));
      }
    }
    const { results } = await captioner.client.caption({ baseModel: 'demo', items }, CALL);
    expect(results).toHaveLength(2 * FILES.length * FLIPS_PER_FILE);
    for (const result of results) {
      if (result.id.startsWith('good')) {
        expect(isFrom(result, before.reference.id, before.expected), result.id).toBe(true);
      } else {
        expect(result, result.id).toMatchObject({ status: { code: 'corrupt_checkpoint' }, hypotheses: [] });
      }
    }
    expect(await readdir(captioner.mapperCache)).not.toContain(next.reference.sha256);

    const { results: whole } = await captioner.client.caption(
      { baseModel: 'demo', items: [itemOf('whole', next.reference)] },
      CALL,
    );
    expect(isFrom(whole[0]!, next.reference.id, next.expected)).toBe(true);
  });

  it('that is still being written captions nothing, and everything right once it is whole', async () => {
    const whole = await newVersion('tenant-4/v1', 7_000);
    const key = 'tenant-4/slow';
    const reference = { ...whole.reference, key };
    const ask = async (): Promise<CaptionResult> =>
      (await captioner.client.caption({ baseModel: 'demo', items: [itemOf('only', reference)] }, CALL)).results[0]!;
    await mkdir(folderOf(key));
    const refusals = [(await ask()).status];
    // the manifest first: the order in which nothing else holds a reader back
    for (const file of ['manifest.json', ...FILES.filter((name) => name !== 'manifest.json')]) {
      const from = join(folderOf(whole.reference.key), file);
      await writeFile(join(folderOf(key), file), (await readFile(from)).subarray(0, 100));
      refusals.push((await ask()).status);
      await copyFile(from, join(folderOf(key), file));
      if (file !== FILES.at(-1)) refusals.push((await ask()).status);
    }
    for (const { code } of refusals) expect(['mapper_not_found', 'corrupt_checkpoint']).toContain(code);
    expect(isFrom(await ask(), reference.id, whole.expected)).toBe(true);
  });
});
