import { CaptionEngine, type BaseModelFiles } from '@housestyle/clipcap';
import type { GraphRunner, WeightSource } from '@housestyle/graph';
import { ClipContentJudge, createAdapt, Random } from '@housestyle/training';
import { beforeAll, describe, expect, it } from 'vitest';
import { coloursSwapped } from './challengers.mjs';
import { demoAdapt, embeddings, inputOf, TEST_FROM, textsOf, unwatched } from './demo-styles.mjs';

const textsIn = (style: string) => textsOf(style).map(({ text }) => text);
const MUSEUM = textsIn('museum');

let base: BaseModelFiles;
let runner: GraphRunner;

beforeAll(async () => {
  ({ base, runner } = await demoAdapt());
});

describe('content by CLIP, of what the museum’s texts say of 100 scenes', () => {
  const examples = MUSEUM.slice(TEST_FROM).map((text, n) => ({
    id: `scene-${n}`,
    embedding: embeddings[TEST_FROM + n]!,
    text,
    isCorrected: true,
    reviewedAt: new Date(n),
    imageKey: `scene-${n}`,
  }));

  const contentOf = async (texts: readonly string[]): Promise<number> => {
    const captions = texts.map((text) => ({ text, length: 1, isStopped: true }));
    const { candidate } = await new ClipContentJudge(base.clip, runner).content({
      champion: undefined,
      candidate: { config: {} },
      asked: { named: new Map(), unnamed: new Set() },
      contest: { examples, champion: captions, candidate: captions },
      seed: 1,
    });
    return candidate;
  };

  /** The same scenes in other words. */
  const scenes = textsIn('alt').slice(TEST_FROM);

  it('is nearly all in other words, the base’s own among them', async () => {
    const engine = await CaptionEngine.load(base, runner, { isForEmbeddings: true });
    const outputs = await engine.caption(examples.map(({ embedding }) => ({ input: { embedding } })));
    await engine.release();
    expect(await contentOf(outputs.map(({ hypotheses: [best] }) => best!.text))).toBeGreaterThan(0.96);
    expect(await contentOf(scenes)).toBeGreaterThan(0.8);
  });

  it.each<[string, (texts: readonly string[]) => readonly string[], number]>([
    ['of another colour', coloursSwapped, 0.7],
    ['of another picture', ([first, ...others]) => [...others, first!], 0.25],
    ['of the first thing alone', (texts) => texts.map((text) => text.split(', ')[0]!), 0.8],
    ['without a word', (texts) => texts.map(() => ''), 0.25],
  ])('is far less in captions %s', async (_, spoilt, most) => {
    expect(await contentOf(spoilt(scenes))).toBeLessThan(most * (await contentOf(scenes)));
  });
});

describe('a base that brings nothing to replay', () => {
  const TEXTS = MUSEUM.slice(0, 60);
  const adapt = (texts: readonly string[], of = base) =>
    createAdapt({ base: of, runner, replay: [] })(inputOf(texts, texts.length), unwatched());

  it('has content judged by CLIP on the captions held out', async () => {
    const { reason, figures } = await adapt(TEXTS);
    const { champion, candidate } = figures;
    expect(champion.contentShare).toBeGreaterThan(0.9);
    expect(candidate.contentShare).toBeGreaterThan(0.7);
    expect(reason).not.toContain('content_unjudged');
    expect(figures).toMatchObject({ nHoldOut: 12, isCrossValidated: false });
    expect(candidate.cider).toBeGreaterThan(champion.cider);
  });

  it('refuses what was learned from texts of other pictures', async () => {
    const { decision, reason } = await adapt(new Random(7).shuffled(TEXTS));
    expect(decision).toBe('refuse');
    expect(reason).toMatch(/wrong_pictures|content_lost/);
  });

  it('refuses everybody where its CLIP reads no texts', async () => {
    const clip = { ...base.clip, weights: withoutText(base.clip.weights) };
    const { figures, reason } = await adapt(TEXTS, { ...base, clip });
    expect(reason.split(', ')).toContain('content_unjudged');
    expect([figures.champion.contentShare, figures.candidate.contentShare]).toEqual([0, 0]);
  });
});

/** The image tower alone. */
function withoutText(weights: WeightSource): WeightSource {
  const isOut = (name: string) => name.startsWith('text_');
  return {
    label: weights.label,
    names: () => weights.names().filter((name) => !isOut(name)),
    find: (name) => (isOut(name) ? undefined : weights.find(name)),
    read: (name) => (isOut(name) ? undefined : weights.read(name)),
  };
}
