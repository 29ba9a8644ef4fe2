import { cp, mkdtemp, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  credentials,
  loadPackageDefinition,
  makeGenericClientConstructor,
  type Client,
  type ClientDuplexStream,
  type ServiceClientConstructor,
  type ServiceError,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import {
  CAPTIONER_SERVICE,
  CaptionerClient,
  embeddingFromBytes,
  type CaptionItem,
  type CaptionResult,
} from '@housestyle/contracts/captioner';
import type { MapperReference } from '@housestyle/domain';
import { service as healthService } from 'grpc-health-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  DEMO_IMAGE_SIZE,
  demoPixels,
  putMapperArtefact,
  startCaptioner,
  type RunningCaptioner,
} from '../support/captioner.js';
import { startApp } from '../support/app-process.js';
import { areCudaLibrariesInstalled } from '../support/cuda.js';
import { freePort } from '../support/free-port.js';
import { waitFor } from '../support/wait-for.js';

interface GoldenHypothesis {
  ids: number[];
  text: string;
  score: number;
}
interface GoldenPicture {
  file: string;
  mlp: { greedy: { ids: number[]; text: string }; beam5: GoldenHypothesis[] };
  transformer: { greedy: { ids: number[]; text: string }; beam5: GoldenHypothesis[] };
}

const GOLDENS = new URL('../parity/goldens/', import.meta.url);
const { pictures } = JSON.parse(await readFile(new URL('goldens.json', GOLDENS), 'utf8')) as {
  pictures: GoldenPicture[];
};
const pixels = await Promise.all(pictures.map(({ file }) => demoPixels(goldenFile(file))));
const CALL = { deadlineMs: 60_000 };

function goldenFile(name: string): string {
  return new URL(`images/test/${name}`, GOLDENS).pathname;
}

/** `count` items over the golden pictures, again and again. */
function manyItems(count: number): CaptionItem[] {
  return Array.from({ length: count }, (_, n) => ({ id: `${n}`, pixels: { rgb: pixels[n % pixels.length]! } }));
}
const expectedText = (n: number) => pictures[n % pictures.length]!.mlp.beam5[0]!.text;
const texts = (results: readonly CaptionResult[]) => results.map(({ hypotheses }) => hypotheses[0]?.text);

function expectGolden(result: CaptionResult | undefined, golden: readonly GoldenHypothesis[]): void {
  expect(result?.status).toEqual({ code: 'ok', message: '', isRetryable: false });
  expect(result?.hypotheses.map(({ tokens, text }) => ({ ids: tokens, text }))).toEqual(
    golden.map(({ ids, text }) => ({ ids, text })),
  );
  result?.hypotheses.forEach(({ score }, rank) => expect(score).toBeCloseTo(golden[rank]!.score, 4));
}

async function metric(captioner: RunningCaptioner, name: string): Promise<number> {
  const body = await (await fetch(`${captioner.metricsUrl}/metrics`)).text();
  const line = body.split('\n').find((entry) => entry.startsWith(`housestyle_captioner_${name}`));
  return Number(line?.split(' ').at(-1) ?? 0);
}

describe('a captioner', () => {
  let captioner: RunningCaptioner;
  let client: CaptionerClient;

  beforeAll(async () => {
    captioner = await startCaptioner({ MAX_QUEUE: '2048', MAX_BATCH: '64' });
    ({ client } = captioner);
  });
  afterAll(() => captioner.close());

  it('lists its base model', async () => {
    const { baseModels } = await client.listBaseModels();
    expect(baseModels).toEqual([
      {
        name: 'demo',
        version: expect.any(String) as string,
        sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
        imageSize: 64,
        embeddingSize: 128,
      },
    ]);
  });

  it('gives every golden picture its golden captions, tokens and scores', async () => {
    const { baseModel, results } = await client.caption({ baseModel: 'demo', items: manyItems(8) }, CALL);
    expect(baseModel).toBe('demo');
    expect(results.map(({ id, mapperId }) => [id, mapperId])).toEqual(manyItems(8).map(({ id }) => [id, 'base']));
    pictures.forEach(({ mlp }, n) => expectGolden(results[n], mlp.beam5));
  });

  it('decodes greedily when asked to', async () => {
    const request = { baseModel: 'demo', items: manyItems(8), generation: { decode: 'DECODE_GREEDY' } as const };
    const { results } = await client.caption(request, CALL);
    expect(results.map(({ hypotheses }) => hypotheses.map(({ tokens }) => tokens))).toEqual(
      pictures.map(({ mlp }) => [mlp.greedy.ids]),
    );
  });

  it('draws as settings and seed say, whatever else is in the call', async () => {
    const generation = {
      decode: 'DECODE_SAMPLE',
      temperature: 1.3,
      topP: 0.95,
      seed: 9,
      numReturnSequences: 3,
    } as const;
    const together = await client.caption({ baseModel: 'demo', items: manyItems(8), generation }, CALL);
    for (const [n, item] of manyItems(8).entries()) {
      const { results } = await client.caption({ baseModel: 'demo', items: [item], generation }, CALL);
      expect(results[0]!.hypotheses.map(({ tokens }) => tokens)).toEqual(
        together.results[n]!.hypotheses.map(({ tokens }) => tokens),
      );
    }
    const seed = { ...generation, seed: 10 };
    const others = await client.caption({ baseModel: 'demo', items: manyItems(8), generation: seed }, CALL);
    expect(texts(others.results)).not.toEqual(texts(together.results));
  });

  it('gives as many candidates as asked for, scored as Hugging Face when asked to', async () => {
    const generation = { scoring: 'SCORING_HF', lengthPenalty: 0, numReturnSequences: 2 } as const;
    const { results } = await client.caption({ baseModel: 'demo', items: manyItems(8), generation }, CALL);
    for (const { hypotheses } of results) {
      expect(hypotheses).toHaveLength(2);
      // a sum of log-probabilities, not a mean
      expect(hypotheses[0]!.score).toBeLessThan(-1);
    }
  });

  it('captions a returned embedding as it captions the picture', async () => {
    const first = await client.caption({ baseModel: 'demo', items: manyItems(8) }, CALL);
    const items = first.results.map(({ id, embedding }) => ({ id, embedding: { values: embedding!.values } }));
    expect(embeddingFromBytes(items[0]!.embedding.values)).toHaveLength(128);
    const again = await client.caption({ baseModel: 'demo', items }, CALL);
    pictures.forEach(({ mlp }, n) => expectGolden(again.results[n], mlp.beam5));
  });

  it('mixes mappers in one call, each item with its own right caption', async () => {
    const mapper = await putMapperArtefact(captioner.artefacts, 'tenant-1/v1', 'models/demo/mapper-transformer');
    const items = manyItems(8).flatMap((item) => [
      { ...item, id: `${item.id} base` },
      { ...item, id: `${item.id} own`, mapper },
    ]);
    const { results } = await client.caption({ baseModel: 'demo', items }, CALL);
    pictures.forEach(({ mlp, transformer }, n) => {
      expectGolden(results[2 * n], mlp.beam5);
      expectGolden(results[2 * n + 1], transformer.beam5);
      expect([results[2 * n]?.mapperId, results[2 * n + 1]?.mapperId]).toEqual(['base', mapper.id]);
    });
  });

  it('keeps many concurrent calls apart', async () => {
    const calls = Array.from({ length: 40 }, (_, n) => {
      const item = { id: 'only', pixels: { rgb: pixels[n % 8]! } };
      return client.caption({ baseModel: 'demo', items: [item] }, CALL);
    });
    const answers = await Promise.all(calls);
    expect(answers.flatMap(({ results }) => texts(results))).toEqual(answers.map((_, n) => expectedText(n)));
  });

  it('gives each bad item its own status and captions the others', async () => {
    const embedding = (length: number, value = 0) => ({
      values: Buffer.from(new Float32Array(length).fill(value).buffer),
    });
    const good = { pixels: { rgb: pixels[0]! } };
    const key = 'nowhere';
    const items: CaptionItem[] = [
      { id: 'good', ...good },
      { id: 'short', pixels: { rgb: pixels[0]!.subarray(1) } },
      { id: 'nothing' },
      { id: 'narrow', embedding: embedding(64) },
      { id: 'odd', embedding: { values: Buffer.alloc(7) } },
      { id: 'infinite', embedding: embedding(128, Infinity) },
      { id: 'no such mapper', ...good, mapper: { id: 'm', sha256: '0'.repeat(64), key } },
      { id: 'no sha256', ...good, mapper: { id: 'm', sha256: 'latest', key } },
      { id: 'way out', ...good, mapper: { id: 'm', sha256: '0'.repeat(64), key: '../../etc' } },
      { id: 'good too', pixels: { rgb: pixels[1]! } },
    ];
    const { results } = await client.caption({ baseModel: 'demo', items }, CALL);
    expect(Object.fromEntries(results.map(({ id, status }) => [id, status.code]))).toEqual({
      good: 'ok',
      short: 'invalid_request',
      nothing: 'invalid_request',
      narrow: 'invalid_request',
      odd: 'invalid_request',
      infinite: 'invalid_request',
      'no such mapper': 'mapper_not_found',
      'no sha256': 'invalid_request',
      'way out': 'invalid_request',
      'good too': 'ok',
    });
    expect(results.find(({ id }) => id === 'no such mapper')?.status.isRetryable).toBe(true);
    expectGolden(results[0], pictures[0]!.mlp.beam5);
    expectGolden(results.at(-1), pictures[1]!.mlp.beam5);
  });

  it('refuses a mapper that is damaged in the store, while others go on', async () => {
    const directory = 'models/demo/mapper-transformer';
    const damaged = await putMapperArtefact(captioner.artefacts, 'tenant-2/v1', directory);
    await flipBit(join(captioner.artefacts, damaged.key, 'model.safetensors'));
    const forged = { ...damaged, sha256: '1'.repeat(64) };
    const items = [
      { id: 'base', pixels: { rgb: pixels[0]! } },
      { id: 'forged', pixels: { rgb: pixels[0]! }, mapper: forged },
    ];
    const { results } = await client.caption({ baseModel: 'demo', items }, CALL);
    expect(results.map(({ status }) => status.code)).toEqual(['ok', 'corrupt_checkpoint']);
    expect(results[1]?.status.message).toContain('manifest.json');

    // the same sha256 as a healthy artefact would be served from the cache: give this one an identity of its own
    const config = join(captioner.artefacts, damaged.key, 'config.json');
    await writeFile(config, `${await readFile(config, 'utf8')}\n`);
    const own = await putMapperArtefact(captioner.artefacts, 'tenant-3/v1', join(captioner.artefacts, damaged.key));
    await flipBit(join(captioner.artefacts, own.key, 'model.safetensors'));
    const again = await client.caption({ baseModel: 'demo', items: [items[0]!, { ...items[1]!, mapper: own }] }, CALL);
    expect(again.results.map(({ status }) => status.code)).toEqual(['ok', 'corrupt_checkpoint']);
    expect(again.results[1]?.status.message).toContain('model.safetensors');

    // what was refused is not kept: once the store is right again, so is the answer
    await flipBit(join(captioner.artefacts, own.key, 'model.safetensors'));
    const healed = await client.caption({ baseModel: 'demo', items: [{ ...items[1]!, mapper: own }] }, CALL);
    expect(healed.results[0]?.status.code).toBe('ok');
  });

  it('refuses a mapper of another shape, that item only', async () => {
    const directory = join(captioner.artefacts, 'wrong-shape');
    const wrong = await putMapperArtefact(captioner.artefacts, 'wrong-shape', 'models/demo/mapper');
    const config = JSON.parse(await readFile(join(directory, 'config.json'), 'utf8')) as object;
    await writeFile(join(directory, 'config.json'), JSON.stringify({ ...config, prefix_length: 5 }));
    const mapper = await putMapperArtefact(captioner.artefacts, 'wrong-shape/again', directory);
    expect(mapper.sha256).not.toBe(wrong.sha256);
    const items = [{ id: 'bad', pixels: { rgb: pixels[0]! }, mapper }, ...manyItems(1)];
    const { results } = await client.caption({ baseModel: 'demo', items }, CALL);
    expect(results.map(({ status }) => status.code)).toEqual(['mapper_mismatch', 'ok']);
  });

  it.each([
    ['an unknown base model', { baseModel: 'nobody', items: manyItems(1) }, 'model_not_found', /served: demo/],
    ['no items', { baseModel: 'demo', items: [] }, 'invalid_request', /no items/],
    ['a repeated id', { baseModel: 'demo', items: [...manyItems(1), ...manyItems(1)] }, 'invalid_request', /two items/],
    ['an empty id', { baseModel: 'demo', items: [{ id: '' }] }, 'invalid_request', /no id/],
    ['too many items', { baseModel: 'demo', items: manyItems(2049) }, 'invalid_request', /2049 items/],
    [
      'too many beams',
      { baseModel: 'demo', items: manyItems(1), generation: { numBeams: 99 } },
      'invalid_request',
      /99/,
    ],
    [
      'a temperature below zero',
      { baseModel: 'demo', items: manyItems(1), generation: { temperature: -1 } },
      'invalid_request',
      /temperature -1/,
    ],
    [
      'more candidates than beams',
      { baseModel: 'demo', items: manyItems(1), generation: { numBeams: 2, numReturnSequences: 3 } },
      'invalid_request',
      /numReturnSequences 3/,
    ],
  ])('refuses a call with %s as a whole', async (_, request, code, message) => {
    await expect(client.caption(request, CALL)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message) as string,
    });
  });

  it('takes messages over 4 MB', async () => {
    const items = manyItems(512);
    expect(items.length * DEMO_IMAGE_SIZE ** 2 * 3).toBeGreaterThan(6_000_000);
    const { results } = await client.caption({ baseModel: 'demo', items }, CALL);
    expect(texts(results)).toEqual(results.map((_, n) => expectedText(n)));
  });

  it('answers health checks while a large batch runs', async () => {
    const health = new HealthClient(captioner.address, credentials.createInsecure()) as unknown as HealthClient;
    const check = () =>
      new Promise<HealthAnswer>((resolve, reject) =>
        health.check({ service: CAPTIONER_SERVICE }, (error, answer) => (error ? reject(error) : resolve(answer))),
      );
    let isRunning = true;
    const call = client.caption({ baseModel: 'demo', items: manyItems(256) }, CALL).finally(() => (isRunning = false));
    const latencies: number[] = [];
    const begun = performance.now();
    while (isRunning) {
      const startedAt = performance.now();
      expect(await check()).toEqual({ status: 'SERVING' });
      latencies.push(performance.now() - startedAt);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    health.close();
    expect((await call).results).toHaveLength(256);
    expect(latencies.length).toBeGreaterThan(5);
    expect(Math.max(...latencies)).toBeLessThan((performance.now() - begun) / 2);
  });

  it('describes its service by reflection', async () => {
    const reflectionFolder = dirname(createRequire(import.meta.url).resolve('@grpc/reflection/package.json'));
    const reflection = loadPackageDefinition(
      loadSync(join(reflectionFolder, 'build/proto/grpc/reflection/v1/reflection.proto')),
    ) as unknown as { grpc: { reflection: { v1: { ServerReflection: ServiceClientConstructor } } } };
    const { ServerReflection } = reflection.grpc.reflection.v1;
    const inquirer = new ServerReflection(
      captioner.address,
      credentials.createInsecure(),
    ) as unknown as ReflectionClient;
    const stream = inquirer.serverReflectionInfo();
    const answer = new Promise<ReflectionAnswer>((resolve, reject) => {
      stream.once('data', resolve);
      stream.once('error', reject);
    });
    stream.write({ listServices: '' });
    expect((await answer).listServicesResponse.service.map(({ name }) => name)).toContain(CAPTIONER_SERVICE);
    stream.end();
    inquirer.close();
  });
});

const HealthClient = makeGenericClientConstructor(healthService, 'Health');
interface HealthAnswer {
  status: string;
}
interface HealthClient extends Client {
  check(request: { service: string }, done: (error: ServiceError | null, answer: HealthAnswer) => void): void;
}

interface ReflectionClient extends Client {
  serverReflectionInfo(): ClientDuplexStream<object, ReflectionAnswer>;
}
interface ReflectionAnswer {
  listServicesResponse: { service: { name: string }[] };
}

describe('a captioner under pressure', () => {
  let captioner: RunningCaptioner;
  let client: CaptionerClient;

  beforeAll(async () => {
    captioner = await startCaptioner({ MAX_BATCH: '8', MAX_QUEUE: '600' });
    ({ client } = captioner);
  });
  afterAll(() => captioner.close());

  it('drops the items of an expired call from its queue, without working on them', async () => {
    const busy = client.caption({ baseModel: 'demo', items: manyItems(400) }, CALL);
    await waitFor('the queue to fill', async () => (await metric(captioner, 'waiting_items')) > 100, { everyMs: 5 });
    const late = client.caption({ baseModel: 'demo', items: manyItems(150) }, { deadlineMs: 600 });
    await expect(late).rejects.toMatchObject({ code: 'deadline_exceeded' });
    const { results } = await busy;
    expect(texts(results)).toEqual(results.map((_, n) => expectedText(n)));
    expect(await metric(captioner, 'items_total{code="deadline_exceeded"')).toBe(150);
    expect(await metric(captioner, 'item_seconds_count')).toBe(400);
  });

  it('refuses what does not fit its queue, at once, and answers what does', async () => {
    const busy = client.caption({ baseModel: 'demo', items: manyItems(500) }, CALL);
    await waitFor('the queue to fill', async () => (await metric(captioner, 'waiting_items')) > 401, { everyMs: 5 });
    const refused = client.caption({ baseModel: 'demo', items: manyItems(200) }, CALL);
    await expect(refused).rejects.toMatchObject({ code: 'captioner_overloaded', disposition: 'retry' });
    expect((await busy).results.every(({ status }) => status.code === 'ok')).toBe(true);
  });
});

describe('a captioner with room for one mapper', () => {
  let captioner: RunningCaptioner;
  let mlp: MapperReference;
  let transformer: MapperReference;

  beforeAll(async () => {
    captioner = await startCaptioner({ MAPPER_CACHE_ENTRIES: '1' });
    mlp = await putMapperArtefact(captioner.artefacts, 'mlp', 'models/demo/mapper');
    transformer = await putMapperArtefact(captioner.artefacts, 'transformer', 'models/demo/mapper-transformer');
  });
  afterAll(() => captioner.close());

  const captionWith = async (...mappers: MapperReference[]) => {
    const items = mappers.map((mapper, n) => ({ id: `${n}`, pixels: { rgb: pixels[0]! }, mapper }));
    return (await captioner.client.caption({ baseModel: 'demo', items }, CALL)).results;
  };

  it('uses several in one batch all the same', async () => {
    const results = await captionWith(mlp, transformer, mlp, transformer);
    const { mlp: ofMlp, transformer: ofTransformer } = pictures[0]!;
    [ofMlp, ofTransformer, ofMlp, ofTransformer].forEach(({ beam5 }, n) => expectGolden(results[n], beam5));
  });

  it('notices when its own copy of a mapper was damaged, does not use it, and pulls it again', async () => {
    await captionWith(transformer);
    await flipBit(join(captioner.mapperCache, mlp.sha256, 'model.safetensors'));
    const [damaged] = await captionWith(mlp);
    expect(damaged?.status).toMatchObject({ code: 'internal', isRetryable: true });
    const [healed] = await captionWith(mlp);
    expectGolden(healed, pictures[0]!.mlp.beam5);
  });
});

describe('a captioner of two threads with room for one mapper each', () => {
  it('pulls a damaged copy again, whichever thread finds it damaged and whichever finds it gone', async () => {
    const captioner = await startCaptioner({ WORKERS: '2', MAX_BATCH: '8', MAPPER_CACHE_ENTRIES: '1' });
    try {
      const [mlp, transformer] = await Promise.all(
        ['mapper', 'mapper-transformer'].map((name) =>
          putMapperArtefact(captioner.artefacts, name, `models/demo/${name}`),
        ),
      );
      const captionWith = async (mapper: MapperReference) => {
        const items = manyItems(32).map((item) => ({ ...item, mapper }));
        return (await captioner.client.caption({ baseModel: 'demo', items }, CALL)).results;
      };
      await captionWith(mlp!);
      await captionWith(transformer!);
      await flipBit(join(captioner.mapperCache, mlp!.sha256, 'model.safetensors'));
      const damaged = await captionWith(mlp!);
      expect(new Set(damaged.map(({ status }) => `${status.code}, ${status.isRetryable}`))).toEqual(
        new Set(['internal, true']),
      );
      (await captionWith(mlp!)).forEach((result, n) => expectGolden(result, pictures[n % pictures.length]!.mlp.beam5));
    } finally {
      await captioner.close();
    }
  });
});

describe('a captioner with too little room for a mapper', () => {
  it('uses it for its batch and gives it up', async () => {
    const captioner = await startCaptioner({ MAPPER_CACHE_BYTES: '1000' });
    try {
      const mapper = await putMapperArtefact(captioner.artefacts, 'mlp', 'models/demo/mapper');
      for (let round = 0; round < 2; round++) {
        const items = manyItems(8).map((item) => ({ ...item, mapper }));
        const { results } = await captioner.client.caption({ baseModel: 'demo', items }, CALL);
        pictures.forEach(({ mlp }, n) => expectGolden(results[n], mlp.beam5));
      }
    } finally {
      await captioner.close();
    }
  });
});

describe('a captioner with several worker threads', () => {
  it('gives every item its own caption, whichever thread and batch it went to', async () => {
    const captioner = await startCaptioner({ WORKERS: '2', MAX_BATCH: '8' });
    try {
      const directory = 'models/demo/mapper-transformer';
      const mapper = await putMapperArtefact(captioner.artefacts, 'tenant-1/v1', directory);
      const items = manyItems(120).map((item, n) => (n % 3 === 0 ? { ...item, mapper } : item));
      const calls = [0, 1, 2].map(() => captioner.client.caption({ baseModel: 'demo', items }, CALL));
      const own = (n: number) => pictures[n % pictures.length]!.transformer.beam5[0]!.text;
      for (const { results } of await Promise.all(calls)) {
        expect(texts(results)).toEqual(items.map((_, n) => (n % 3 === 0 ? own(n) : expectedText(n))));
      }
    } finally {
      await captioner.close();
    }
  });
});

describe('a captioner whose worker thread crashes', () => {
  it('fails only the items the thread was on, as worth a retry, and goes on with a new thread', async () => {
    const crashFile = join(new URL('../../', import.meta.url).pathname, `.crash-${process.pid}`);
    const preload = new URL('../support/crash-worker.mjs', import.meta.url).href;
    const captioner = await startCaptioner({
      MAX_BATCH: '8',
      NODE_OPTIONS: `--import=${preload}`,
      CRASH_WORKER_FILE: crashFile,
    });
    try {
      const call = captioner.client.caption({ baseModel: 'demo', items: manyItems(200) }, CALL);
      await waitFor('an item to be done', async () => (await metric(captioner, 'item_seconds_count')) > 0, {
        everyMs: 5,
      });
      await writeFile(crashFile, '');
      const { results } = await call;
      const lost = results.filter(({ status }) => status.code !== 'ok');
      expect(lost.length).toBeGreaterThan(0);
      // what it had under way, and what waited in it for room
      expect(lost.length).toBeLessThanOrEqual(10);
      expect(lost.every(({ status }) => status.code === 'internal' && status.isRetryable)).toBe(true);
      results.forEach((result, n) => {
        if (result.status.code === 'ok') expect(result.hypotheses[0]?.text).toBe(expectedText(n));
      });
      expect(await metric(captioner, 'workers_lost_total')).toBe(1);
      expect(await captioner.app.stop()).toBe(0);
    } finally {
      await captioner.close();
    }
  });
});

describe('a captioner whose worker threads crash and do not start again', () => {
  it('says that it is not serving until one does', async () => {
    const crashFile = join(new URL('../../', import.meta.url).pathname, `.crash-every-${process.pid}`);
    const preload = new URL('../support/crash-worker.mjs', import.meta.url).href;
    const captioner = await startCaptioner({
      WORKERS: '2',
      NODE_OPTIONS: `--import=${preload}`,
      CRASH_WORKER_FILE: crashFile,
    });
    const health = new HealthClient(captioner.address, credentials.createInsecure()) as unknown as HealthClient;
    const isStatus = (expected: string) =>
      new Promise<boolean>((resolve, reject) =>
        health.check({ service: CAPTIONER_SERVICE }, (error, { status }) =>
          error ? reject(error) : resolve(status === expected),
        ),
      );
    try {
      expect(await isStatus('SERVING')).toBe(true);
      // at once: a thread that read the file before it says `every` would take it away
      await writeFile(`${crashFile}.new`, 'every');
      await rename(`${crashFile}.new`, crashFile);
      await waitFor('it to give up', () => isStatus('NOT_SERVING'));
      expect((await fetch(`${captioner.metricsUrl}/readyz`)).status).toBe(503);
      await expect(captioner.client.caption({ baseModel: 'demo', items: manyItems(1) }, CALL)).rejects.toMatchObject({
        code: 'captioner_unavailable',
      });
      await rm(crashFile);
      await waitFor('it to recover', () => isStatus('SERVING'));
      const { results } = await captioner.client.caption({ baseModel: 'demo', items: manyItems(8) }, CALL);
      expect(texts(results)).toEqual(results.map((_, n) => expectedText(n)));
    } finally {
      health.close();
      await rm(crashFile, { force: true });
      await captioner.close();
    }
  });
});

describe('a captioner that is told to stop', () => {
  it('answers every call it has begun, refuses new ones, and exits 0', async () => {
    // as long as the calls themselves may take: its threads give way to whatever else is at work on the machine
    const captioner = await startCaptioner({ MAX_BATCH: '8', SHUTDOWN_TIMEOUT_MS: `${CALL.deadlineMs}` });
    const calls = Array.from({ length: 10 }, () =>
      captioner.client.caption({ baseModel: 'demo', items: manyItems(30) }, CALL),
    );
    await waitFor('work to be under way', async () => (await metric(captioner, 'waiting_items')) > 100, { everyMs: 5 });
    const exited = captioner.app.stop('SIGTERM');
    await waitFor('it to be not ready', async () => (await fetch(`${captioner.metricsUrl}/readyz`)).status === 503, {
      everyMs: 5,
    });
    const latecomer = new CaptionerClient(captioner.address);
    await expect(latecomer.caption({ baseModel: 'demo', items: manyItems(1) }, CALL)).rejects.toMatchObject({
      code: 'captioner_unavailable',
    });
    latecomer.close();
    for (const { results } of await Promise.all(calls)) {
      expect(texts(results)).toEqual(results.map((_, n) => expectedText(n)));
    }
    expect(await exited).toBe(0);
    await captioner.close();
  });

  it('exits 0 while its models are still loading', async () => {
    const port = await freePort();
    const metricsPort = await freePort();
    const app = await startApp('captioner', {
      environment: { CAPTIONER_PORT: `${port}`, METRICS_PORT: `${metricsPort}`, WORKERS: '4' },
      readyUrl: `http://127.0.0.1:${metricsPort}/healthz`,
    });
    expect(await app.stop()).toBe(0);
  });

  it('does not fall back to the CPU where its device is not', async () => {
    const outcome = await startCaptioner({ DEVICE: 'cuda' }).catch((error: Error) => error);
    if (outcome instanceof Error) {
      expect(outcome.message).toMatch(/^captioner: device_unavailable: DEVICE: cuda is not there .*install .*CUDA/m);
      return;
    }
    const { results } = await outcome.client.caption({ baseModel: 'demo', items: manyItems(8) }, CALL);
    await outcome.close();
    expect(areCudaLibrariesInstalled()).toBe(true);
    expect(texts(results)).toEqual(results.map((_, n) => expectedText(n)));
  });

  it.each([
    ['DEVICE', { DEVICE: 'abacus' }],
    ['CAPTIONER_PORT', { CAPTIONER_PORT: 'many' }],
    ['MODEL_DIRECTORIES', { MODEL_DIRECTORIES: 'models/nobody' }],
    ['ARTEFACT_STORE', { ARTEFACT_STORE: 'ftp://example' }],
  ])('names %s when it cannot start because of it', async (variable, environment) => {
    await expect(startCaptioner(environment)).rejects.toThrow(variable);
  });
});

describe('a captioner over a damaged base model', () => {
  it('does not start, and names the variable and the file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'housestyle-damaged-'));
    try {
      await cp('models/demo', folder, { recursive: true });
      await truncate(join(folder, 'gpt2/model.safetensors'), 100_000);
      await expect(startCaptioner({ MODEL_DIRECTORIES: folder })).rejects.toThrow(
        /MODEL_DIRECTORIES: .*gpt2\/model.safetensors/,
      );
      await rm(join(folder, 'housestyle.json'));
      await expect(startCaptioner({ MODEL_DIRECTORIES: folder })).rejects.toThrow(
        /MODEL_DIRECTORIES: .*gpt2\/model.safetensors/,
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

async function flipBit(file: string): Promise<void> {
  const bytes = await readFile(file);
  bytes[bytes.length - 100]! ^= 1;
  await writeFile(file, bytes);
}
