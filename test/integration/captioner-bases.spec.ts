import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openBaseModel } from '@housestyle/checkpoints';
import { CaptionEngine } from '@housestyle/clipcap';
import type { MapperReference } from '@housestyle/domain';
import { OnnxGraphRunner } from '@housestyle/runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { referencePictures } from '../parity/reference.js';
import { DEMO, DEMO_RU, makeBases, type MadeBases } from '../support/bases.js';
import { putDeltaArtefact, startCaptioner, type RunningCaptioner } from '../support/captioner.js';
import { asWeights, decoderLayers, randomDelta } from '../support/random-delta.mjs';
import { waitFor } from '../support/wait-for.js';

const CALL = { deadlineMs: 60_000 };
const MB = 2 ** 20;
/** Room for any two of the three. */
const ROOM_FOR_TWO = 140 * MB;
const NAMES = ['demo', 'demo-transformer', 'demo-ru'] as const;
type Name = (typeof NAMES)[number] | 'demo with a delta';
const pixels = referencePictures();

let made: MadeBases;
/** best tokens and text of each picture, of each base alone. */
const alone = new Map<Name, { tokens: readonly number[]; text: string }[]>();

beforeAll(async () => {
  made = await makeBases();
  const folders = { demo: DEMO, 'demo-transformer': made.transformer, 'demo-ru': DEMO_RU };
  for (const name of NAMES) {
    const base = await openBaseModel(folders[name]);
    const engine = await CaptionEngine.load(base, new OnnxGraphRunner({ threads: 1 }));
    const caption = async (mapper = engine.baseMapper) => {
      const outputs = await engine.caption(pixels.map((rgb) => ({ input: { pixels: rgb }, mapper })));
      return outputs.map(({ hypotheses }) => hypotheses[0]!);
    };
    alone.set(name, await caption());
    if (name === 'demo') {
      const change = asWeights('delta', randomDelta(decoderLayers(base.gpt2.weights), 8, 1, 0.3));
      const handle = await engine.loadMapper({ config: DELTA_CONFIG, decoderDelta: change }, 'delta');
      alone.set('demo with a delta', await caption(handle));
    }
    await engine.release();
  }
});
afterAll(() => made.remove());

const DELTA_CONFIG = { mapping_type: 'mlp', prefix_length: 10, generation: { stop: [13] } };

const directories = (...folders: string[]) => ({ MODEL_DIRECTORIES: folders.join(',') });

async function metricsOf(captioner: RunningCaptioner): Promise<(name: string, labels?: string) => number> {
  const lines = (await (await fetch(`${captioner.metricsUrl}/metrics`)).text()).split('\n');
  return (name, labels = '') =>
    lines
      .filter((line) => line.startsWith(`${name}{`) && line.includes(labels))
      .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

describe('a captioner with three bases and room for two', () => {
  let captioner: RunningCaptioner;
  let delta: MapperReference;

  beforeAll(async () => {
    captioner = await startCaptioner({
      ...directories(DEMO, made.transformer, DEMO_RU),
      MODEL_MEMORY_BYTES: `${ROOM_FOR_TWO}`,
      MODEL_LOAD_TIMEOUT_MS: '60000',
    });
    const { gpt2 } = await openBaseModel(DEMO);
    const decoderDelta = randomDelta(decoderLayers(gpt2.weights), 8, 1, 0.3);
    delta = await putDeltaArtefact(captioner.artefacts, 'tenant-1/v1', { config: DELTA_CONFIG, decoderDelta });
  });
  afterAll(() => captioner.close());

  /** One tenant's call: one of the pictures, or all. */
  async function ask(name: Name, pictures: readonly number[]): Promise<void> {
    const isDelta = name === 'demo with a delta';
    const items = pictures.map((n) => ({ id: `${n}`, pixels: { rgb: pixels[n]! }, ...(isDelta && { mapper: delta }) }));
    const baseModel = isDelta ? 'demo' : name;
    const { results, baseModel: answered } = await captioner.client.caption({ baseModel, items }, CALL);
    expect(answered).toBe(baseModel);
    expect(results.map(({ hypotheses }) => hypotheses[0]?.tokens)).toEqual(
      pictures.map((n) => [...alone.get(name)![n]!.tokens]),
    );
    expect(results[0]!.hypotheses[0]!.text).toBe(alone.get(name)![pictures[0]!]!.text);
  }

  it('lists all three, and has two of them loaded', async () => {
    const { baseModels } = await captioner.client.listBaseModels();
    expect(baseModels.map(({ name }) => name)).toEqual([...NAMES]);
    const metric = await metricsOf(captioner);
    expect(metric('housestyle_captioner_base_loaded')).toBe(2);
    expect(metric('housestyle_captioner_base_loaded', '"demo-ru"')).toBe(0);
    const bytes = NAMES.map((name) => metric('housestyle_captioner_base_bytes', `"${name}"`)).sort((a, b) => a - b);
    expect(bytes[1]! + bytes[2]!).toBeLessThanOrEqual(ROOM_FOR_TWO);
    expect(bytes[0]! + bytes[1]! + bytes[2]!).toBeGreaterThan(ROOM_FOR_TWO);
    expect(metric('housestyle_captioner_model_memory_bytes')).toBeLessThanOrEqual(ROOM_FOR_TWO);
  });

  it('answers mixed calls of many tenants as each base alone, within its memory', async () => {
    const tenants: Name[] = ['demo', 'demo with a delta', 'demo-transformer', 'demo-ru'];
    for (const name of tenants) await ask(name, [0]);
    const before = await metricsOf(captioner);
    const residentBefore =
      before('housestyle_process_resident_memory_bytes') || before('process_resident_memory_bytes');
    for (let round = 0; round < 5; round++) {
      const order = tenants.map((_, n) => tenants[(n + round) % tenants.length]!);
      await Promise.all([
        ...order.map((name) => ask(name, [0, 1, 2, 3, 4, 5, 6, 7])),
        ...order.map((name, n) => ask(name, [n])),
      ]);
      const metric = await metricsOf(captioner);
      expect(metric('housestyle_captioner_model_memory_bytes')).toBeLessThanOrEqual(ROOM_FOR_TWO);
      expect(metric('housestyle_captioner_base_loaded')).toBeLessThanOrEqual(2);
    }
    const metric = await metricsOf(captioner);
    const evictions = metric('housestyle_captioner_base_evictions_total');
    expect(evictions).toBeGreaterThanOrEqual(5);
    const loads = metric('housestyle_captioner_base_loads_total', 'outcome="ok"');
    expect(loads - evictions).toBe(2);
    expect(metric('housestyle_captioner_base_loads_total', 'outcome="failed"')).toBe(0);
    const resident = metric('process_resident_memory_bytes');
    console.log(
      `${evictions} bases unloaded; resident memory ${Math.round(residentBefore / MB)} MB after the first round, ${Math.round(resident / MB)} MB after the last`,
    );
    expect(residentBefore).toBeGreaterThan(0);
    expect(resident - residentBefore).toBeLessThan(ROOM_FOR_TWO);
  });

  it('refuses a base it does not serve by name', async () => {
    const call = captioner.client.caption({ baseModel: 'nobody', items: [{ id: 'a' }] }, CALL);
    await expect(call).rejects.toMatchObject({
      code: 'model_not_found',
      message: expect.stringContaining('served: demo, demo-transformer, demo-ru') as string,
    });
  });
});

describe('a captioner with a base that cannot be loaded and one that is slow to', () => {
  it('answers the tenants of the others meanwhile, and tells theirs to come again', async () => {
    const slowFile = join(process.cwd(), `.slow-base-${process.pid}`);
    const preload = new URL('../support/slow-base-worker.mjs', import.meta.url).href;
    await writeFile(slowFile, '');
    const captioner = await startCaptioner({
      ...directories(DEMO, made.transformer, DEMO_RU, made.broken),
      // demo at the start, and one of the others beside it: they are larger than the half
      MODEL_MEMORY_BYTES: `${ROOM_FOR_TWO}`,
      MODEL_LOAD_TIMEOUT_MS: '8000',
      NODE_OPTIONS: `--import=${preload}`,
      SLOW_BASE: 'demo-ru',
      SLOW_BASE_FILE: slowFile,
    });
    const ask = (baseModel: string) =>
      captioner.client.caption({ baseModel, items: [{ id: '0', pixels: { rgb: pixels[0]! } }] }, CALL);
    const text = async (baseModel: string) => (await ask(baseModel)).results[0]!.hypotheses[0]!.text;
    try {
      const slow = ask('demo-ru').catch((error: unknown) => error);
      expect(await text('demo')).toBe(alone.get('demo')![0]!.text);
      expect(await slow).toMatchObject({ code: 'model_unavailable', disposition: 'retry' });

      const broken = ask('demo-broken').catch((error: unknown) => error);
      expect(await text('demo')).toBe(alone.get('demo')![0]!.text);
      expect(await broken).toMatchObject({ code: 'model_unavailable', disposition: 'retry' });
      expect((await fetch(`${captioner.metricsUrl}/readyz`)).status).toBe(200);

      await rm(slowFile);
      await waitFor(
        'the slow base',
        async () => (await metricsOf(captioner))('housestyle_captioner_base_loaded') === 2,
      );
      expect(await text('demo-ru')).toBe(alone.get('demo-ru')![0]!.text);
      await waitFor('the broken base to be tried', async () => {
        const error: unknown = await ask('demo-broken').catch((reason: unknown) => reason);
        return error instanceof Error && /demo-broken: (mapper_mismatch|invalid_model): /.test(error.message);
      });
      const metric = await metricsOf(captioner);
      expect(metric('housestyle_captioner_base_loads_total', 'base="demo-broken",outcome="failed"')).toBeGreaterThan(0);
      expect(await text('demo-transformer')).toBe(alone.get('demo-transformer')![0]!.text);
    } finally {
      await rm(slowFile, { force: true });
      await captioner.close();
    }
  });
});

describe('a captioner with too little memory for one of its bases', () => {
  it('does not start, and names it', async () => {
    const environment = { ...directories(DEMO_RU, made.transformer), MODEL_MEMORY_BYTES: `${62 * MB}` };
    await expect(startCaptioner(environment)).rejects.toThrow(
      /^captioner: invalid_settings: MODEL_MEMORY_BYTES: base model demo-transformer takes about \d+ bytes in one worker thread, and there are \d+$/m,
    );
  });
});
