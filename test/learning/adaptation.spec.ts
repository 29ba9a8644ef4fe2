import { CaptionEngine, type BaseModelFiles, type MapperVersionFiles } from '@housestyle/clipcap';
import {
  MemoryWeights,
  type GraphModel,
  type GraphRunner,
  type GraphRunOptions,
  type GraphSession,
} from '@housestyle/graph';
import { meanEditDistance } from '@housestyle/evaluation';
import {
  createAdapt,
  openCaptionThread,
  Random,
  type Adapt,
  type AdaptedMapper,
  type CaptionThreads,
} from '@housestyle/training';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { demoAdapt, embeddings, floorOf, inputOf, TEST_FROM, textsOf, unwatched } from './demo-styles.mjs';

const STYLE = 'museum';
const TEXTS = textsOf(STYLE).map(({ text }) => text);
const REFERENCES = TEXTS.slice(TEST_FROM);

let adapt: Adapt;
let engine: CaptionEngine;

beforeAll(async () => {
  const demo = await demoAdapt();
  adapt = demo.adapt;
  engine = await CaptionEngine.load(demo.base, demo.runner);
});
afterAll(() => engine.release());

describe('adapting the demo base', () => {
  it('learns a house style from 50 captions', async () => {
    const outcome = await adapt(inputOf(TEXTS, 50), unwatched());
    const { champion, candidate } = outcome.figures;
    expect(candidate.editDistance).toBeLessThan(champion.editDistance * 0.6);
    expect(candidate.stoppedShare).toBe(1);
    expect(outcome.figures).toMatchObject({ nHoldOut: 10, isCrossValidated: false });
    const [before, after] = [await distanceOn(), await distanceOn(outcome.candidate)];
    expect((before - after) / (before - floorOf(STYLE))).toBeGreaterThan(0.7);
  });

  it('refuses what was learned from texts of other pictures', async () => {
    const shuffled = new Random(7).shuffled(TEXTS.slice(0, 50));
    const { decision, reason } = await adapt(inputOf(shuffled, 50), unwatched());
    expect(decision).toBe('refuse');
    expect(reason).toMatch(/wrong_pictures|content_lost/);
  });

  it('refuses one caption for every picture', async () => {
    const { decision } = await adapt(
      inputOf(
        Array.from({ length: 50 }, () => TEXTS[0]!),
        50,
      ),
      unwatched(),
    );
    expect(decision).toBe('refuse');
  });

  it('stops when it is told to', async () => {
    const controller = new AbortController();
    controller.abort(new Error('enough'));
    await expect(adapt(inputOf(TEXTS, 50), { ...unwatched(), signal: controller.signal })).rejects.toThrow('enough');
  });

  it.each([
    ['in its own thread', (base: BaseModelFiles, runner: GraphRunner) => createAdapt({ base, runner, replay: [] })],
    ['in other threads', (base: BaseModelFiles, runner: GraphRunner) => throughThreads(base, runner)],
  ])('stops in the middle of captioning, %s', async (_, open) => {
    const { base, runner } = await demoAdapt();
    const controller = new AbortController();
    const steps = new StepCounter(runner, 5, () => controller.abort(new Error('enough')));
    const run = open(base, steps)(inputOf(TEXTS, 50), { ...unwatched(), signal: controller.signal });
    await expect(run).rejects.toThrow('enough');
    expect(steps.count).toBeLessThan(10);
  });
});

/** What a thread does, in this one. */
function throughThreads(base: BaseModelFiles, runner: GraphRunner): Adapt {
  const thread = openCaptionThread(base, runner);
  const run: CaptionThreads['run'] = async (order, _, signal) =>
    (await (await thread).handle(structuredClone(order), signal!)).response;
  const openCaptionThreads = () => ({
    size: 1,
    run,
    ready: async () => void (await thread),
    close: async () => (await thread).close(),
  });
  return createAdapt({ base, runner, replay: [], openCaptionThreads });
}

/** Says when the decoder has taken so many steps behind its prefixes. */
class StepCounter implements GraphRunner {
  count = 0;

  constructor(
    private readonly runner: GraphRunner,
    private readonly enough: number,
    private readonly tell: () => void,
  ) {}

  async load(model: GraphModel, options?: GraphRunOptions): Promise<GraphSession> {
    const session = await this.runner.load(model, options);
    const run: GraphSession['run'] = (feeds, fetches) => {
      if ((feeds['past_mask']?.dims[3] ?? 0) > 0 && ++this.count === this.enough) this.tell();
      return session.run(feeds, fetches);
    };
    return { inputNames: session.inputNames, outputNames: session.outputNames, run, release: () => session.release() };
  }
}

async function distanceOn(candidate?: AdaptedMapper): Promise<number> {
  const mapper = candidate && (await engine.loadMapper(filesOf(candidate), 'candidate'));
  const outputs = await engine.caption(
    embeddings.slice(TEST_FROM).map((embedding) => ({ input: { embedding }, ...(mapper && { mapper }) })),
  );
  return meanEditDistance(outputs.map(({ hypotheses: [best] }, n) => [best!.text, REFERENCES[n]!] as const));
}

function filesOf({ config, decoderDelta }: AdaptedMapper): MapperVersionFiles {
  const tensors = new Map(
    [...decoderDelta!].flatMap(([name, tensor]) => (tensor.type === 'float32' ? [[name, tensor] as const] : [])),
  );
  return { config, decoderDelta: new MemoryWeights('candidate', tensors) };
}
