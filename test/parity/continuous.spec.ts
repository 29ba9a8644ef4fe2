import { readMapperFiles } from '@housestyle/checkpoints';
import { CaptionEngine, type BaseModelFiles, type CaptionItem, type CaptionOutput } from '@housestyle/clipcap';
import type { Feeds, Fetched, GraphModel, GraphRunner, GraphSession } from '@housestyle/graph';
import { OnnxGraphRunner } from '@housestyle/runtime';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { maxError, recordParity } from './record-parity.js';
import { demoBase, MAPPER_FOLDERS, NUM_PICTURES, referenceRow } from './reference.js';

/** onnxruntime, watched: what is loaded, and how many images each step of the decoder has; and it fails when told to. */
class WatchedRunner implements GraphRunner {
  readonly loaded: string[] = [];
  readonly steps: number[] = [];
  willFail = false;
  private readonly runner = new OnnxGraphRunner({ threads: 1 });

  async load(model: GraphModel): Promise<GraphSession> {
    this.loaded.push(model.name);
    const session = await this.runner.load(model);
    const run = (feeds: Feeds, fetches?: readonly string[]): Promise<Fetched> => {
      const mask = feeds['past_mask'];
      const isStep = mask !== undefined && mask.dims[3]! > 0;
      if (isStep) this.steps.push(mask.dims[0]!);
      if (isStep && this.willFail) throw new Error('out of memory');
      return session.run(feeds, fetches);
    };
    return { inputNames: session.inputNames, outputNames: session.outputNames, run, release: () => session.release() };
  }
}

const CAPACITY = 6;
const runner = new WatchedRunner();
let base: BaseModelFiles;
let engine: CaptionEngine;

beforeAll(async () => {
  base = await demoBase();
  engine = await CaptionEngine.load(base, runner, { maxBatchSize: CAPACITY });
});
beforeEach(() => {
  runner.steps.length = 0;
  runner.willFail = false;
});
afterAll(() => engine.release());

const picture = (n: number): CaptionItem['input'] => ({
  embedding: referenceRow('image_embeds', n % NUM_PICTURES).slice(),
});

/** Of many lengths, stops and searches. */
function item(n: number): CaptionItem {
  const kinds = [
    {},
    { decode: 'greedy' as const },
    { numBeams: 2 + (n % 4), maxNewTokens: 3 + (n % 11) },
    { stopTokenIds: [256 + n], maxNewTokens: 40 },
    { decode: 'sample' as const, seed: n, temperature: 1.2 },
  ];
  return { input: picture(n), generation: kinds[n % kinds.length]! };
}

const LONG = { stopTokenIds: [], maxNewTokens: 60 };
const SHORT = { stopTokenIds: [], maxNewTokens: 4 };
const tokensOf = ({ hypotheses }: CaptionOutput) => hypotheses.map(({ tokens }) => tokens);
const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

it('captions embeddings without an image encoder, and there refuses a picture', async () => {
  const slimRunner = new WatchedRunner();
  const slim = await CaptionEngine.load(base, slimRunner, { isForEmbeddings: true });
  expect(runner.loaded.filter((name) => !slimRunner.loaded.includes(name))).toEqual(['clip-vision']);
  expect(await slim.caption([{ input: picture(0) }])).toEqual(await engine.caption([{ input: picture(0) }]));
  const pixels = new Uint8Array(slim.imageSize ** 2 * 3);
  await expect(slim.caption([{ input: { pixels } }])).rejects.toThrow('without its image encoder');
  await slim.release();
});

describe('a batch that images enter and leave while it runs', () => {
  it('gives each what it gets alone, whenever it came and whoever was there', async () => {
    const alone: CaptionOutput[] = [];
    for (let n = 0; n < 40; n++) alone.push(await engine.captionOne(item(n)));
    const together: Promise<CaptionOutput>[] = [];
    for (let n = 0; n < 40; n++) {
      together.push(engine.captionOne(item(n)));
      for (let turn = 0; turn < n % 4; turn++) await nextTurn();
    }
    const errors = (await Promise.all(together)).map((output, n) => {
      expect(tokensOf(output)).toEqual(tokensOf(alone[n]!));
      const scores = ({ hypotheses }: CaptionOutput) => hypotheses.map(({ score }) => score);
      return maxError(scores(output), scores(alone[n]!));
    });
    recordParity('scores of 40 images that come and go, against alone, max', Math.max(...errors), 1e-5);
  });

  it('runs no step half empty while anybody waits', async () => {
    await engine.caption(Array.from({ length: 60 }, (_, n) => item(n)));
    const whileSomeWait = runner.steps.slice(0, runner.steps.lastIndexOf(CAPACITY) + 1);
    expect(whileSomeWait.length).toBeGreaterThan(50);
    expect(Math.min(...whileSomeWait)).toBeGreaterThanOrEqual(CAPACITY - 1);
    expect(Math.max(...runner.steps)).toBe(CAPACITY);
  });

  it('lets short captions go while long ones go on', async () => {
    const order: string[] = [];
    const run = (name: string, generation: object) =>
      engine.captionOne({ input: picture(0), generation }).then(() => order.push(name));
    await Promise.all([...many('long', 3, LONG), ...many('short', 30, SHORT)].map(([name, g]) => run(name, g)));
    expect(order.slice(-3)).toEqual(['long', 'long', 'long']);
  });

  it('lets nobody overtake for long: who came first enters first', async () => {
    const order: string[] = [];
    let others = 0;
    const run = (name: string): Promise<unknown> =>
      engine.captionOne({ input: picture(1), generation: SHORT }).then(() => {
        order.push(name);
        // as soon as one is done, another comes
        return name === 'first' || others >= 60 ? undefined : run(`other ${others++}`);
      });
    const running = many('busy', 2 * CAPACITY, SHORT).map(([name]) => run(name));
    await Promise.all([...running, run('first')]);
    expect(order.indexOf('first')).toBeLessThan(3 * CAPACITY + 1);
    expect(order.length).toBe(2 * CAPACITY + 61);
  });

  it('computes nothing any more that nobody waits for', async () => {
    const expected = await engine.captionOne({ input: picture(2) });
    runner.steps.length = 0;
    const abort = new AbortController();
    const endless = { stopTokenIds: [], maxNewTokens: 100 };
    const given = many('gone', 2 * CAPACITY - 1, endless).map(([, generation]) =>
      engine.captionOne({ input: picture(3), generation }, {}, abort.signal),
    );
    const stayed = engine.captionOne({ input: picture(2) });
    const outcomes = Promise.allSettled(given);
    for (let turn = 0; turn < 5; turn++) await nextTurn();
    abort.abort();
    for (const outcome of await outcomes) expect(outcome).toMatchObject({ reason: { code: 'deadline_exceeded' } });
    expect(tokensOf(await stayed)).toEqual(tokensOf(expected));
    expect(runner.steps.length).toBeLessThan(40);
  });

  it('ends a whole call of which nobody waits', async () => {
    const abort = new AbortController();
    const call = engine.caption(
      Array.from({ length: 3 * CAPACITY }, (_, n) => ({ input: picture(n) })),
      LONG,
      abort.signal,
    );
    for (let turn = 0; turn < 5; turn++) await nextTurn();
    abort.abort();
    await expect(call).rejects.toMatchObject({ code: 'deadline_exceeded' });
    expect(runner.steps.length).toBeLessThan(10);
  });

  it('fails one item whose mapper fails, and no other', async () => {
    const broken = await engine.loadMapper(await readMapperFiles(MAPPER_FOLDERS.transformer), 'broken');
    await engine.releaseMapper(broken);
    const items = [0, 1, 2, 3, 4].map((n) => ({ input: picture(n), ...(n === 2 && { mapper: broken }) }));
    const outcomes = await Promise.allSettled(items.map((each) => engine.captionOne(each)));
    expect(outcomes.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
      'fulfilled',
    ]);
  });

  it('fails who was in a step that failed, and goes on', async () => {
    runner.willFail = true;
    await expect(engine.caption([item(0), item(1)])).rejects.toMatchObject({ code: 'internal' });
    runner.willFail = false;
    expect((await engine.caption([item(0), item(1)])).every(({ hypotheses }) => hypotheses.length > 0)).toBe(true);
  });
});

const many = (name: string, count: number, generation: object): (readonly [string, object])[] =>
  Array.from({ length: count }, (_, n) => [`${name}${name === 'long' ? '' : ` ${n}`}`, generation] as const);
