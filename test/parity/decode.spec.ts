import { readMapperFiles } from '@housestyle/checkpoints';
import {
  BeamSearch,
  buildGpt2,
  Decoder,
  Gpt2Tokenizer,
  GreedySearch,
  Mapper,
  parseGpt2Config,
  stoppingCriteria,
  type BaseModelFiles,
  type Beam,
  type Search,
} from '@housestyle/clipcap';
import { OnnxGraphRunner } from '@housestyle/runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { maxError, recordParity } from './record-parity.js';
import {
  demoBase,
  MAPPER_FOLDERS,
  MAPPER_KINDS,
  reference,
  referenceRow,
  referenceTexts,
  type MapperKind,
  type ReferenceBeam,
} from './reference.js';
import { logitsOf } from './teacher-forced-logits.js';

const runner = new OnnxGraphRunner({ threads: 1 });
const { pictures, beam5_entry_length_4_picture0: shortBeams } = referenceTexts();
const PERIOD = 13;
const K = 10;
const C = 96;
let base: BaseModelFiles;
let decoder: Decoder;
let tokenizer: Gpt2Tokenizer;
const prefixes = {} as Record<MapperKind, Float32Array[]>;

beforeAll(async () => {
  base = await demoBase();
  decoder = await Decoder.load(base.gpt2, runner);
  tokenizer = new Gpt2Tokenizer(base.gpt2.tokenizer);
  const embeddings = pictures.map((_, n) => referenceRow('image_embeds', n));
  for (const kind of MAPPER_KINDS) {
    const files = await readMapperFiles(MAPPER_FOLDERS[kind]);
    const mapper = await Mapper.load(files, { embeddingWidth: 128, decoderWidth: C }, runner);
    prefixes[kind] = await mapper.map(embeddings);
    await mapper.release();
  }
});

afterAll(() => decoder.release());

describe.each(MAPPER_KINDS)('GPT-2 behind the %s mapper', (kind) => {
  it('gives the reference’s logits behind the prefix and behind forced tokens', async () => {
    const { config } = decoder;
    const session = await runner.load(buildGpt2(config, base.gpt2.weights));
    for (const [n, { teacher_forced_ids: ids }] of pictures.entries()) {
      const prefix = prefixes[kind][n]!;
      const first = await logitsOf(session, config, prefix, []);
      recordParity(`first_logits_${kind}_${n}, max`, maxError(first, reference(`first_logits_${kind}_${n}`)), 1e-4);
      const forced = (await logitsOf(session, config, prefix, ids)).subarray(config.vocabSize);
      recordParity(
        `teacher_logits_${kind}_${n}, max`,
        maxError(forced, reference(`teacher_logits_${kind}_${n}`)),
        1e-4,
      );
    }
    await session.release();
  });

  it('decodes greedily to the reference’s tokens and log-probabilities', async () => {
    const searches = pictures.map(() => new GreedySearch(criteria()));
    await decoder.decode(searches.map((search, n) => ({ search, prefix: prefixes[kind][n]! })));
    searches.forEach((search, n) => {
      const { ids, text, token_log_probs } = pictures[n]![kind].greedy;
      expect(search.beams()[0]).toMatchObject({ tokens: ids, isStopped: ids.at(-1) === PERIOD });
      expect(tokenizer.decode(search.beams()[0]!.tokens)).toBe(text);
      recordParity(`greedy log-probabilities ${kind} ${n}, max`, maxError(search.logProbs, token_log_probs), 1e-4);
    });
  });

  it('finds all five of the reference’s beams, token for token', async () => {
    const found = await beams(prefixes[kind].map((prefix) => ({ prefix, search: fiveBeams() })));
    found.forEach((beamsOfPicture, n) => expectBeams(`${kind} ${n}`, beamsOfPicture, pictures[n]![kind].beam5));
  });

  it('finds the reference’s beams where none has room to stop', async () => {
    const search = new BeamSearch(5, criteria({ maxNewTokens: 4 }));
    const [found] = await beams([{ prefix: prefixes[kind][0]!, search }]);
    expectBeams(`${kind} 0 of 4 tokens`, found!, shortBeams[kind]);
    expect(found!.every(({ isStopped }) => !isStopped)).toBe(true);
  });
});

describe('a mixed batch', () => {
  const requests = () =>
    pictures.flatMap((_, n) =>
      MAPPER_KINDS.flatMap((kind, other): { prefix: Float32Array; search: Search }[] => {
        const prefix = prefixes[kind][n]!;
        const mine = { stopTokenIds: [PERIOD, 256 + n], maxNewTokens: 5 + ((n * 7 + other * 3) % 30) };
        return [
          { prefix, search: fiveBeams() },
          { prefix, search: new GreedySearch(criteria()) },
          { prefix, search: new BeamSearch(1 + ((n + other) % 10), criteria(mine)) },
          { prefix: prefix.subarray(0, (3 + (n % 5)) * C), search: new BeamSearch(3, criteria()) },
        ];
      }),
    );

  it('of prefixes, lengths, stops and searches gives each what it gets alone, in any order and company', async () => {
    const alone: (readonly Beam[])[] = [];
    for (const request of requests()) alone.push((await beams([request]))[0]!);
    const order = shuffled(alone.length);
    let worst = 0;
    for (const size of [3, 7, 32, alone.length]) {
      const shuffledRequests = requests().map((_, i, all) => all[order[i]!]!);
      for (let from = 0; from < alone.length; from += size) {
        const found = await beams(shuffledRequests.slice(from, from + size));
        found.forEach((those, i) => {
          const expected = alone[order[from + i]!]!;
          expect(those.map(({ tokens }) => tokens)).toEqual(expected.map(({ tokens }) => tokens));
          worst = Math.max(worst, maxError(scoresOf(those), scoresOf(expected)));
        });
      }
    }
    recordParity('scores in mixed batches of 3, 7, 32, 64 against alone, max', worst, 1e-5);
  });
});

describe('the length of a caption', () => {
  it('ends where the positions end', async () => {
    const endless = new BeamSearch(2, criteria({ stopTokenIds: [], maxNewTokens: 1000 }));
    const greedy = new GreedySearch(criteria({ stopTokenIds: [], maxNewTokens: 1000 }));
    const found = await beams([
      { prefix: prefixes.mlp[0]!, search: endless },
      { prefix: prefixes.mlp[0]!, search: greedy },
    ]);
    for (const { tokens, isStopped } of found.flat()) {
      expect(tokens).toHaveLength(decoder.config.numPositions - K);
      expect(isStopped).toBe(false);
    }
  });

  it('may be one token', async () => {
    const [found] = await beams([
      { prefix: prefixes.mlp[0]!, search: new BeamSearch(5, criteria({ maxNewTokens: 1 })) },
    ]);
    expect(found!.map(({ tokens }) => tokens.length)).toEqual([1, 1, 1, 1, 1]);
  });
});

describe('the decoder', () => {
  it('refuses a prefix of another width, or of more positions than it has', async () => {
    for (const prefix of [new Float32Array(C + 1), new Float32Array(0), new Float32Array(200 * C)]) {
      await expect(decoder.decode([{ prefix, search: fiveBeams() }])).rejects.toMatchObject({
        code: 'invalid_request',
      });
    }
  });

  it('refuses a configuration its weights contradict', async () => {
    const config = { ...(base.gpt2.config as object), n_embd: 192 };
    await expect(Decoder.load({ ...base.gpt2, config }, runner)).rejects.toMatchObject({ code: 'invalid_model' });
    expect(() => parseGpt2Config({ ...config, activation_function: 'swish' })).toThrow(/activation_function/);
  });
});

function criteria({ stopTokenIds = [PERIOD], maxNewTokens = 67 } = {}) {
  return stoppingCriteria({ stopTokenIds, maxNewTokens }, { numPositions: 128, prefixLength: K });
}

const scoresOf = (beams: readonly { readonly score: number }[]) => beams.map(({ score }) => score);
const fiveBeams = () => new BeamSearch(5, criteria());

async function beams(requests: { prefix: Float32Array; search: Search }[]): Promise<(readonly Beam[])[]> {
  await decoder.decode(requests);
  return requests.map(({ search }) => search.beams());
}

function expectBeams(name: string, found: readonly Beam[], expected: readonly ReferenceBeam[]): void {
  expect(found.map(({ tokens }) => tokens)).toEqual(expected.map(({ ids }) => ids));
  expect(found.map(({ tokens }) => tokenizer.decode(tokens))).toEqual(expected.map(({ text }) => text));
  recordParity(`beam scores ${name}, max`, maxError(scoresOf(found), scoresOf(expected)), 1e-4);
}

/** A fixed order of 0 … n - 1 that leaves little in its place. */
const shuffled = (n: number): number[] =>
  [...Array(n).keys()].sort((a, b) => ((a * 37 + 11) % n) - ((b * 37 + 11) % n));
