import { readFileSync } from 'node:fs';
import path from 'node:path';
import { SafetensorsFile } from '@housestyle/checkpoints';
import {
  CaptionEngine,
  Decoder,
  GreedySearch,
  hashOf,
  HfBeamSearch,
  RandomStream,
  SampleSearch,
  TokenFilter,
  type CaptionItem,
  type Continuations,
  type NextRow,
  type Search,
  type TokenDistribution,
} from '@housestyle/clipcap';
import { OnnxGraphRunner } from '@housestyle/runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { maxError, recordParity } from './record-parity.js';
import { demoBase, GOLDENS_FOLDER, referenceRow, referenceTexts, type ReferenceBeam } from './reference.js';

interface DecodingTexts {
  readonly nucleus: readonly {
    readonly topP: number;
    readonly temperature: number;
    readonly maxNewTokens: number;
    readonly stop: number;
    readonly ids: readonly (readonly number[])[];
  }[];
  readonly beams: readonly {
    readonly numBeams: number;
    readonly lengthPenalty: number;
    readonly maxNewTokens: number;
    readonly stops: readonly number[];
    readonly pictures: readonly (readonly Omit<ReferenceBeam, 'text'>[])[];
  }[];
  readonly filters: readonly { readonly temperature: number; readonly topK: number; readonly topP: number }[];
  readonly drawn: { readonly pictures: readonly number[]; readonly steps: readonly number[] };
}

const texts = JSON.parse(readFileSync(path.join(GOLDENS_FOLDER, 'decoding.json'), 'utf8')) as DecodingTexts;
const distributions = SafetensorsFile.open(path.join(GOLDENS_FOLDER, 'decoding.safetensors'));
const { pictures } = referenceTexts();
const prefixes = pictures.map((_, n) => referenceRow('prefix_mlp', n));
const runner = new OnnxGraphRunner({ threads: 1 });
let decoder: Decoder;
let engine: CaptionEngine;

beforeAll(async () => {
  const base = await demoBase();
  decoder = await Decoder.load(base.gpt2, runner);
  engine = await CaptionEngine.load(base, runner);
});

afterAll(async () => {
  await decoder.release();
  await engine.release();
});

describe('nucleus', () => {
  it.each(texts.nucleus)(
    'finds what generate2 finds: top-p $topP, temperature $temperature, at most $maxNewTokens, stop $stop',
    async ({ ids, maxNewTokens, stop, topP, temperature }) => {
      const searches = prefixes.map(() => new GreedySearch({ stopTokenIds: new Set([stop]), maxNewTokens }));
      await decoder.decode(searches.map((search, n) => ({ search, prefix: prefixes[n]! })));
      expect(searches.map((search) => search.beams()[0]!.tokens)).toEqual(ids);
      if (stop < 0) return;
      const settings = { decode: 'nucleus', topP, temperature, maxNewTokens } as const;
      expect((await engine.caption(items(), settings)).map(({ hypotheses }) => hypotheses[0]!.tokens)).toEqual(ids);
    },
  );
});

describe('scoring as Hugging Face', () => {
  it.each(texts.beams)(
    'finds every beam of $numBeams, token for token: length penalty $lengthPenalty, at most $maxNewTokens, stops $stops',
    async ({ numBeams, lengthPenalty, maxNewTokens, stops, pictures: expected }) => {
      const criteria = { stopTokenIds: new Set(stops), maxNewTokens };
      const searches = prefixes.map(() => new HfBeamSearch(numBeams, criteria, lengthPenalty));
      await decoder.decode(searches.map((search, n) => ({ search, prefix: prefixes[n]! })));
      const found = searches.map((search) => search.beams());
      expect(found.map((beams) => beams.map(({ tokens }) => tokens))).toEqual(
        expected.map((beams) => beams.map(({ ids }) => ids)),
      );
      recordParity(
        `scores of ${numBeams} beams, length penalty ${lengthPenalty}, at most ${maxNewTokens}, ${stops.length} stops, max`,
        maxError(scoresOf(found), scoresOf(expected)),
        1e-4,
      );
    },
  );

  it('is what an engine’s items say, and another search than ClipCap’s', async () => {
    const [first] = texts.beams;
    const [hf, clipcap] = [
      await engine.caption(items(), { scoring: 'hf', lengthPenalty: first!.lengthPenalty }),
      await engine.caption(items()),
    ];
    const tokensOf = (outputs: typeof hf) => outputs.map(({ hypotheses }) => hypotheses.map(({ tokens }) => tokens));
    expect(tokensOf(hf)).toEqual(first!.pictures.map((beams) => beams.map(({ ids }) => ids)));
    expect(tokensOf(clipcap)).not.toEqual(tokensOf(hf));
  });
});

describe('what a sample is drawn from', () => {
  it.each(texts.filters.map((settings, n) => ({ ...settings, n })))(
    'has the reference’s probabilities: temperature $temperature, top-k $topK, top-p $topP',
    async ({ n, topK, ...settings }) => {
      const filter = new TokenFilter({ ...settings, topK: topK || Infinity });
      const searches = texts.drawn.pictures.map((picture) => ({
        prefix: prefixes[picture]!,
        search: new ForcedSearch(pictures[picture]!.teacher_forced_ids, filter),
      }));
      await decoder.decode(searches);
      const seen = searches.flatMap(({ search }) => texts.drawn.steps.map((step) => search.seen[step]!));
      const expected = distributions.read(`distribution_${n}`)!;
      const V = expected.length / seen.length;
      const found = new Float64Array(expected.length);
      seen.forEach(({ ids, probabilities }, row) => ids.forEach((id, i) => (found[row * V + id] = probabilities[i]!)));
      const isKept = (values: ArrayLike<number>) => Array.from(values, (value) => value > 0);
      expect(isKept(found)).toEqual(isKept(expected));
      const { temperature, topP } = settings;
      const name = `probabilities, temperature ${temperature}, top-k ${topK}, top-p ${topP}, max`;
      recordParity(name, maxError(found, expected), 1e-6);
    },
  );
});

describe('samples', () => {
  const settings = { decode: 'sample', temperature: 1.2, topP: 0.95, seed: 7, numReturnSequences: 4 } as const;

  it('are the same for the same picture and seed, alone and in any company', async () => {
    const alone = [];
    for (const item of items()) alone.push(...(await engine.caption([item], settings)));
    const mixed: CaptionItem[] = items().flatMap((item, n) => [
      { ...item, generation: { decode: 'beam' as const, numBeams: 1 + n } },
      { ...item, generation: settings },
      { ...item, generation: { ...settings, topK: 5, seed: n } },
    ]);
    const outputs = (await engine.caption([...mixed].reverse())).reverse().filter((_, n) => n % 3 === 1);
    expect(outputs.map(tokensOf)).toEqual(alone.map(tokensOf));
    expect(new Set(alone.flatMap(textsOf)).size).toBeGreaterThan(8);
  });

  it('do not hang on how many are drawn beside them', async () => {
    const [one] = await engine.caption(items().slice(0, 1), { ...settings, numReturnSequences: 1 });
    const [ten] = await engine.caption(items().slice(0, 1), { ...settings, numReturnSequences: 10 });
    expect(textsOf(ten!)).toContain(textsOf(one!)[0]);
  });

  it('are others with another seed', async () => {
    const [seven] = await engine.caption(items().slice(0, 1), settings);
    const [eight] = await engine.caption(items().slice(0, 1), { ...settings, seed: 8 });
    expect(tokensOf(seven!)).not.toEqual(tokensOf(eight!));
  });

  it('come best first, each text once, and fewer than asked for when the draws agree', async () => {
    const [cold] = await engine.caption(items().slice(0, 1), {
      ...settings,
      temperature: 0.01,
      numReturnSequences: 10,
    });
    expect(cold!.hypotheses).toHaveLength(1);
    for (const output of await engine.caption(items(), { ...settings, numReturnSequences: 10 })) {
      expect(new Set(textsOf(output)).size).toBe(output.hypotheses.length);
      const scores = output.hypotheses.map(({ score }) => score);
      expect(scores).toEqual([...scores].sort((a, b) => b - a));
    }
  });

  it('of one token fall as often on each as its probability says', async () => {
    const DRAWS = 20_000;
    const filter = new TokenFilter({ temperature: 3, topK: Infinity, topP: 0.99 });
    const forced = new ForcedSearch([0], filter);
    const streams = Array.from({ length: DRAWS }, (_, n) => new RandomStream([11, hashOf(Uint8Array.of(1, 2)), n]));
    const search = new SampleSearch(filter, { stopTokenIds: new Set(), maxNewTokens: 1 }, streams);
    await decoder.decode([
      { prefix: prefixes[4]!, search: forced },
      { prefix: prefixes[4]!, search },
    ]);
    const { ids, probabilities } = forced.seen[0]!;
    const counts = new Map<number, number>();
    for (const { tokens } of search.beams()) counts.set(tokens[0]!, (counts.get(tokens[0]!) ?? 0) + 1);
    expect([...counts.keys()].every((id) => ids.includes(id))).toBe(true);
    const isOften = (place: number) => probabilities[place]! * DRAWS >= 5;
    const often = ids.map((_, place) => place).filter(isOften);
    const rest = { share: 1, count: DRAWS };
    let chiSquare = 0;
    for (const place of often) {
      const [share, count] = [probabilities[place]!, counts.get(ids[place]!) ?? 0];
      chiSquare += (count - share * DRAWS) ** 2 / (share * DRAWS);
      rest.share -= share;
      rest.count -= count;
    }
    if (rest.share * DRAWS >= 5) chiSquare += (rest.count - rest.share * DRAWS) ** 2 / (rest.share * DRAWS);
    const freedom = often.length - (rest.share * DRAWS >= 5 ? 0 : 1);
    expect(freedom).toBeGreaterThan(10);
    // the normal approximation; 3.09: one seed in a thousand would fail
    const deviation = (chiSquare - freedom) / Math.sqrt(2 * freedom);
    recordParity(
      `χ² of ${DRAWS} draws over ${freedom + 1} tokens, standard deviations above its mean`,
      deviation,
      3.09,
    );
  });
});

/** Goes where it is told, and notes what it could have drawn at each step. */
class ForcedSearch implements Search {
  readonly breadth: number;
  nextRows: readonly NextRow[] = [];
  readonly seen: TokenDistribution[] = [];

  constructor(
    private readonly ids: readonly number[],
    private readonly filter: TokenFilter,
  ) {
    this.breadth = filter.breadth;
  }

  advance([row]: readonly Continuations[]): void {
    this.seen.push(this.filter.distribution(row!));
    const tokenId = this.ids[this.seen.length - 1];
    this.nextRows = tokenId === undefined ? [] : [{ tokenId, parent: 0 }];
  }

  beams() {
    return [];
  }
}

const items = (): CaptionItem[] =>
  pictures.map((_, n) => ({ input: { embedding: referenceRow('image_embeds', n).slice() } }));
const tokensOf = ({ hypotheses }: { hypotheses: readonly { tokens: readonly number[] }[] }) =>
  hypotheses.map(({ tokens }) => tokens);
const textsOf = ({ hypotheses }: { hypotheses: readonly { text: string }[] }) => hypotheses.map(({ text }) => text);
const scoresOf = (beams: readonly (readonly { readonly score: number }[])[]) => beams.flat().map(({ score }) => score);
