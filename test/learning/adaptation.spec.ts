import { CaptionEngine, type MapperVersionFiles } from '@housestyle/clipcap';
import { MemoryWeights } from '@housestyle/graph';
import { meanEditDistance } from '@housestyle/evaluation';
import { Random, type Adapt, type AdaptedMapper } from '@housestyle/training';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { demoAdapt, embeddings, floorOf, inputOf, TEST_FROM, textsOf, unwatched } from './demo-styles.mjs';

const STYLE = 'museum';
const TEXTS = textsOf(STYLE).map(({ text }) => text);
const REFERENCES = TEXTS.slice(TEST_FROM);

let adapt: Adapt;
let engine: CaptionEngine;
/** what a run from 50 captions saved of its training. */
let learned: unknown;

beforeAll(async () => {
  const demo = await demoAdapt();
  adapt = demo.adapt;
  engine = await CaptionEngine.load(demo.base, demo.runner);
});
afterAll(() => engine.release());

describe('adapting the demo base', () => {
  it('learns a house style from 50 captions', async () => {
    const keeping = { load: async () => undefined, save: async (_: string, value: unknown) => void (learned = value) };
    const outcome = await adapt(inputOf(TEXTS, 50), { ...unwatched(), checkpoint: keeping });
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

  it('stops while pictures are captioned for the gate', async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const stopping = {
      load: async <Value>() => {
        setImmediate(() => controller.abort(new Error('enough')));
        return learned as Value;
      },
      save: async () => undefined,
    };
    await expect(adapt(inputOf(TEXTS, 50), { ...unwatched(), signal, checkpoint: stopping })).rejects.toThrow('enough');
  });
});

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
