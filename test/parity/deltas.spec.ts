import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openMapperArtefact, readMapperFiles, writeMapperArtefact } from '@housestyle/checkpoints';
import {
  BeamSearch,
  buildGpt2,
  CaptionEngine,
  Decoder,
  GreedySearch,
  Mapper,
  parseGpt2Config,
  stoppingCriteria,
  type BaseModelFiles,
  type Beam,
  type CaptionItem,
  type CaptionOutput,
  type Continuations,
  type MapperHandle,
  type MapperVersionFiles,
  type NextRow,
  type Search,
} from '@housestyle/clipcap';
import { float32, int64, MemoryWeights, type Tensor, type WeightSource } from '@housestyle/graph';
import { OnnxGraphRunner } from '@housestyle/runtime';
import { OnnxTrainingEngine, type TrainingModel } from '@housestyle/training';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asWeights, decoderLayers, mapperLayers, randomDelta, wordLayer } from '../support/random-delta.mjs';
import { merged } from './merged-weights.js';
import { maxError, recordParity } from './record-parity.js';
import {
  demoBase,
  MAPPER_FOLDERS,
  MAPPER_KINDS,
  referencePictures,
  referenceRow,
  referenceTexts,
} from './reference.js';
import { logitsOf } from './teacher-forced-logits.js';

const runner = new OnnxGraphRunner({ threads: 1 });
const { pictures } = referenceTexts();
const WIDTHS = { embeddingWidth: 128, decoderWidth: 96 };
const K = 10;
const PERIOD = 13;
const embeddings = pictures.map((_, n) => referenceRow('image_embeds', n).slice());
let base: BaseModelFiles;

beforeAll(async () => {
  base = await demoBase();
});

describe.each(MAPPER_KINDS)('a delta of the %s mapper', (kind) => {
  it('gives the prefixes of a mapper whose weights were merged with it, image by image', async () => {
    const files = await readMapperFiles(MAPPER_FOLDERS[kind]);
    const layers = mapperLayers(files.weights);
    const mapper = await Mapper.load(files, WIDTHS, runner);
    const tensors = [8, 3, 1].map((rank, n) => randomDelta(layers, rank, n + 1, 0.3));
    const deltas = await Promise.all(tensors.map((delta) => mapper.loadDelta(asWeights('delta', delta))));
    const plain = await mapper.map(embeddings);
    const mixed = await mapper.map(
      embeddings,
      embeddings.map((_, n) => deltas[n % 4]),
    );
    for (const [n, delta] of tensors.entries()) {
      const weights = merged(files.weights, layers, delta);
      const whole = await Mapper.load({ ...files, weights }, WIDTHS, runner);
      const expected = await whole.map(embeddings);
      await whole.release();
      const errors = [n, n + 4].map((image) => maxError(mixed[image]!, expected[image]!));
      recordParity(`${kind} mapper, delta ${n} against merged, max`, Math.max(...errors), 1e-4);
      expect(maxError(expected[n]!, plain[n]!)).toBeGreaterThan(0.1);
    }
    recordParity(`${kind} mapper, no delta among deltas, max`, maxError(mixed[3]!, plain[3]!), 1e-5);
    await mapper.release();
  });
});

describe('a delta of GPT-2', () => {
  it.each([8, 4, 1])('of rank %i gives the logits of a GPT-2 whose weights were merged with it', async (rank) => {
    const config = gpt2Config();
    const layers = decoderLayers(base.gpt2.weights);
    expect(layers).toHaveLength(4 * config.numLayers);
    const delta = randomDelta(layers, rank, rank, 0.5);
    const plain = await runner.load(buildGpt2(config, base.gpt2.weights));
    const adapted = await runner.load(buildGpt2(config, base.gpt2.weights, { hasDeltas: true }));
    const whole = await runner.load(buildGpt2(config, merged(base.gpt2.weights, layers, delta)));
    const stacked = {
      delta_groups: int64([1]),
      ...Object.fromEntries([...delta].map(([name, { data, dims }]) => [name, float32(data, [1, ...dims])])),
    };
    for (const [n, { teacher_forced_ids: ids }] of pictures.entries()) {
      const prefix = referenceRow('prefix_mlp', n);
      const expected = await logitsOf(whole, config, prefix, ids);
      const found = await logitsOf(adapted, config, prefix, ids, stacked);
      recordParity(`GPT-2 logits, rank ${rank}, picture ${n}, against merged, max`, maxError(found, expected), 1e-4);
      expect(maxError(expected, await logitsOf(plain, config, prefix, ids))).toBeGreaterThan(0.5);
    }
    for (const session of [plain, adapted, whole]) await session.release();
  });

  it.each([
    ['tied', true],
    ['of its own', false],
  ])('of the word table, too, gives the logits of a merged one, its head %s', async (_, isHeadTied) => {
    const config = { ...gpt2Config(), isHeadTied };
    const layers = [...decoderLayers(base.gpt2.weights), wordLayer(base.gpt2.weights)];
    const delta = randomDelta(layers, 5, 7, 0.5);
    const weights = isHeadTied ? base.gpt2.weights : withOwnHead(base.gpt2.weights);
    const plain = await runner.load(buildGpt2(config, weights));
    const adapted = await runner.load(buildGpt2(config, weights, { hasDeltas: true, hasWordDeltas: true }));
    const whole = await runner.load(buildGpt2(config, merged(weights, layers, delta)));
    const stacked = {
      delta_groups: int64([1]),
      ...Object.fromEntries([...delta].map(([name, { data, dims }]) => [name, float32(data, [1, ...dims])])),
      'transformer.wte.A': delta.get('transformer.wte.A')!,
      'transformer.wte.B': delta.get('transformer.wte.B')!,
      word_delta_owners: { type: 'bool' as const, data: new Uint8Array(5).fill(1), dims: [1, 5] },
    };
    const errors: number[] = [];
    for (const [n, { teacher_forced_ids: ids }] of pictures.entries()) {
      const prefix = referenceRow('prefix_mlp', n);
      const expected = await logitsOf(whole, config, prefix, ids);
      errors.push(maxError(await logitsOf(adapted, config, prefix, ids, stacked), expected));
      expect(maxError(expected, await logitsOf(plain, config, prefix, ids))).toBeGreaterThan(0.5);
    }
    const name = `GPT-2 logits, words too, head ${isHeadTied ? 'tied' : 'of its own'}, against merged, max`;
    recordParity(name, Math.max(...errors), 1e-4);
    for (const session of [plain, adapted, whole]) await session.release();
  });

  it('gives each word, read from an artefact, the likelihood that training saw in it', async () => {
    const [mapper, decoder] = [await Mapper.load(base.mapper, WIDTHS, runner), await Decoder.load(base.gpt2, runner)];
    const layers = [...decoderLayers(base.gpt2.weights), wordLayer(base.gpt2.weights)];
    const tensors = randomDelta(layers, 8, 3, 0.3);
    const folder = path.join(await mkdtemp(path.join(tmpdir(), 'deltas-')), 'version');
    const artefact = { config: {}, decoderDelta: tensors, base };
    const sha256 = await writeMapperArtefact(folder, artefact);
    const { decoderDelta } = await openMapperArtefact(folder, { sha256, base });
    const delta = await decoder.loadDelta(decoderDelta!);
    await rm(path.dirname(folder), { recursive: true });
    const examples = pictures.map(({ teacher_forced_ids: tokens }, n) => ({
      embedding: embeddings[n]!,
      tokens,
      weight: 1,
    }));
    const model: TrainingModel = {
      mapper: { config: mapper.config, weights: base.mapper.weights },
      gpt2: { config: decoder.config, weights: base.gpt2.weights },
    };
    const session = await new OnnxTrainingEngine(runner).compile(model, tensors);
    const prefixes = await mapper.map(embeddings);
    const requests = examples.map(({ tokens }, n) => ({
      prefix: prefixes[n]!,
      search: new GivenTokens(tokens, decoder.config.vocabSize),
      delta: n % 3 === 2 ? undefined : delta,
    }));
    await decoder.decode(requests);
    const errors: number[] = [];
    for (const [n, example] of examples.entries()) {
      if (requests[n]!.delta) errors.push(Math.abs((await session.loss([example], 1)) + requests[n]!.search.logProb));
    }
    recordParity('summed log-probabilities, words too, training against decoding, max', Math.max(...errors), 1e-4);
    for (const part of [mapper, decoder, session]) await part.release();
  });

  it('decodes a batch of tenants as each one’s own merged GPT-2 decodes it, through every change of the batch', async () => {
    const decoder = await Decoder.load(base.gpt2, runner);
    const [linears, words] = [decoderLayers(base.gpt2.weights), wordLayer(base.gpt2.weights)];
    const changed = [linears, [...linears, words], [words], [...linears.slice(0, 3), words]];
    const tensors = [8, 8, 2, 3].map((rank, n) => randomDelta(changed[n]!, rank, 10 + n, 0.4));
    const deltas = await Promise.all(tensors.map((delta) => decoder.loadDelta(asWeights('delta', delta))));
    const requests = pictures.map((_, n) => {
      const criteria = stoppingCriteria({ stopTokenIds: [PERIOD, 260 + n], maxNewTokens: 3 + 4 * n }, POSITIONS);
      const search = n % 3 === 1 ? new GreedySearch(criteria) : new BeamSearch(1 + (n % 5), criteria);
      return { n, prefix: referenceRow('prefix_mlp', n), search, delta: deltas[n % 5] };
    });
    await decoder.decode(requests);
    for (const [tenant, delta] of tensors.entries()) {
      const weights = merged(base.gpt2.weights, changed[tenant]!, delta);
      const whole = await Decoder.load({ ...base.gpt2, weights }, runner);
      for (const { n, prefix, search } of requests.filter(({ delta }) => delta === deltas[tenant])) {
        const criteria = stoppingCriteria({ stopTokenIds: [PERIOD, 260 + n], maxNewTokens: 3 + 4 * n }, POSITIONS);
        const alone = n % 3 === 1 ? new GreedySearch(criteria) : new BeamSearch(1 + (n % 5), criteria);
        await whole.decode([{ prefix, search: alone }]);
        const error = scoreError(search.beams(), alone.beams());
        recordParity(`scores of picture ${n}, tenant ${tenant}, against merged, max`, error, 1e-4);
      }
      await whole.release();
    }
    await decoder.release();
  });
});

describe('a delta of words that overflows', () => {
  it('spoils nobody’s captions but its owner’s', async () => {
    const decoder = await Decoder.load(base.gpt2, runner);
    const [healthy, broken] = [3, 4].map((seed) => randomDelta([wordLayer(base.gpt2.weights)], 4, seed, 0.3));
    for (const { data } of broken!.values()) data.fill(1e38);
    const deltas = [await decoder.loadDelta(asWeights('healthy', healthy!)), undefined];
    const scores = async (neighbour: boolean) => {
      const criteria = stoppingCriteria({ stopTokenIds: [PERIOD], maxNewTokens: 8 }, POSITIONS);
      const requests = deltas.map((delta, n) => {
        return { prefix: referenceRow('prefix_mlp', n), search: new BeamSearch(3, criteria), delta };
      });
      const delta = await decoder.loadDelta(asWeights('broken', broken!));
      const other = { prefix: referenceRow('prefix_mlp', 5), search: new GreedySearch(criteria), delta };
      await decoder.decode(neighbour ? [...requests, other] : requests);
      return requests.flatMap(({ search }) => search.beams());
    };
    recordParity('scores beside an overflowing delta, max', scoreError(await scores(true), await scores(false)), 1e-5);
    await decoder.release();
  });
});

describe('16 images of five tenants and of none in one batch', () => {
  let engine: CaptionEngine;
  let tenants: (MapperHandle | undefined)[];

  beforeAll(async () => {
    engine = await CaptionEngine.load(base, runner);
    const ofMapper = (rank: number, seed: number) =>
      asWeights('mapper delta', randomDelta(mapperLayers(base.mapper.weights), rank, seed, 0.05));
    const ofDecoder = (rank: number, seed: number) =>
      asWeights('decoder delta', randomDelta(decoderLayers(base.gpt2.weights), rank, seed, 0.3));
    const ofWords = (rank: number, seed: number) => {
      const layers = [...decoderLayers(base.gpt2.weights), wordLayer(base.gpt2.weights)];
      return asWeights('decoder delta', randomDelta(layers, rank, seed, 0.3));
    };
    const stop = (id: number) => ({ generation: { stop: [id] } });
    const versions: MapperVersionFiles[] = [
      { config: stop(PERIOD), mapperDelta: ofMapper(8, 1), decoderDelta: ofDecoder(8, 2) },
      { config: stop(269), decoderDelta: ofWords(3, 3) },
      { config: { ...(base.mapper.config as object), ...stop(1023) }, mapperDelta: ofMapper(2, 4) },
      await readMapperFiles(MAPPER_FOLDERS.transformer),
      { ...(await readMapperFiles(MAPPER_FOLDERS.transformer)), decoderDelta: ofWords(5, 5) },
    ];
    tenants = [undefined];
    for (const [n, files] of versions.entries()) tenants.push(await engine.loadMapper(files, `tenant ${n}`));
  });

  afterAll(async () => {
    for (const handle of tenants) if (handle) await engine.releaseMapper(handle);
    await engine.release();
  });

  const items = (): CaptionItem[] =>
    Array.from({ length: 16 }, (_, n) => ({
      input: { pixels: referencePictures()[n % 8]! },
      mapper: tenants[n % tenants.length],
      ...(n % 7 === 6 ? { generation: { decode: 'greedy' as const } } : {}),
    }));

  it('are captioned as each is alone, in any order and company', async () => {
    const alone: CaptionOutput[] = [];
    for (const item of items()) alone.push(...(await engine.caption([item])));
    expect(new Set(alone.map(({ hypotheses }) => hypotheses[0]!.text)).size).toBeGreaterThan(12);
    for (const [stride, size] of [
      [1, 16],
      [5, 16],
      [11, 7],
      [7, 3],
    ] as const) {
      const order = Array.from({ length: 16 }, (_, n) => (n * stride) % 16);
      const errors: number[] = [];
      for (let from = 0; from < 16; from += size) {
        const those = order.slice(from, from + size);
        const outputs = await engine.caption(those.map((n) => items()[n]!));
        outputs.forEach(({ mapperId, hypotheses }, i) => {
          const expected = alone[those[i]!]!;
          expect(mapperId).toBe(expected.mapperId);
          errors.push(scoreError(hypotheses, expected.hypotheses));
        });
      }
      recordParity(
        `scores of 16 images, ${size} at a time by ${stride}, against alone, max`,
        Math.max(...errors),
        1e-5,
      );
    }
  });

  it('end their captions by their own stops', async () => {
    const outputs = await engine.caption(items());
    outputs.forEach(({ hypotheses }, n) => {
      const stop = [PERIOD, PERIOD, 269, 1023, PERIOD, PERIOD][n % tenants.length];
      for (const { tokens, isStopped } of hypotheses) {
        expect(tokens.slice(0, -1)).not.toContain(stop);
        expect(tokens.at(-1) === stop).toBe(isStopped);
      }
    });
    expect(outputs.filter(({ hypotheses }) => hypotheses[0]!.isStopped).length).toBeGreaterThan(8);
  });

  it('leave the base as it was', async () => {
    await engine.caption(items());
    const outputs = await engine.caption(referencePictures().map((pixels) => ({ input: { pixels } })));
    expect(outputs.map(({ hypotheses }) => hypotheses.map(({ tokens }) => tokens))).toEqual(
      pictures.map(({ mlp }) => mlp.beam5.map(({ ids }) => ids)),
    );
  });

  it('take only deltas that fit the base, and keep their own memory small', async () => {
    const delta = randomDelta(mapperLayers(base.mapper.weights), 4, 1, 1);
    const ofTransformer = randomDelta(
      mapperLayers((await readMapperFiles(MAPPER_FOLDERS.transformer)).weights),
      4,
      1,
      1,
    );
    const mapperDelta = asWeights('delta', delta);
    const table = wordLayer(base.gpt2.weights);
    const ofTable = randomDelta([table], 4, 1, 1);
    const ofLargerTable = randomDelta([{ ...table, input: table.input + 1 }], 4, 1, 1);
    const wrong: MapperVersionFiles[] = [
      { config: {}, mapperDelta: asWeights('delta', ofTransformer) },
      { config: {}, decoderDelta: mapperDelta },
      { config: {}, mapperDelta: asWeights('delta', ofTable) },
      { config: {}, decoderDelta: asWeights('delta', ofLargerTable) },
      ...[{ prefix_length: 5 }, { mapping_type: 'transformer' }, { normalize_prefix: true }, { prefix_size: 512 }].map(
        (config) => ({ config, mapperDelta }),
      ),
    ];
    for (const files of wrong) {
      await expect(engine.loadMapper(files, 'wrong')).rejects.toMatchObject({ code: 'mapper_mismatch' });
    }
    await expect(engine.loadMapper({ config: {} }, 'nothing')).rejects.toMatchObject({ code: 'invalid_model' });
    const [, first, , , full] = tenants;
    expect([first!.kind, full!.kind]).toEqual(['delta', 'full']);
    expect(first!.bytes).toBeLessThan(full!.bytes / 10);
  });
});

const POSITIONS = { numPositions: 128, prefixLength: K };

/** A way that is given: what the decoder makes of it is listened to. */
class GivenTokens implements Search {
  /** of all tokens together. */
  logProb = 0;
  private told = 0;

  constructor(
    private readonly tokens: readonly number[],
    readonly breadth: number,
  ) {}

  get nextRows(): readonly NextRow[] {
    return this.told < this.tokens.length ? [{ tokenId: this.tokens[this.told - 1]!, parent: 0 }] : [];
  }

  advance([row]: readonly Continuations[]): void {
    this.logProb += row!.logProbs[row!.ids.indexOf(this.tokens[this.told++]!)]!;
  }

  beams = (): readonly Beam[] => [];
}

/** The same GPT-2 with a head that is not its word table. */
function withOwnHead(weights: WeightSource): WeightSource {
  const tensors = weights.names().map((name): [string, Tensor<'float32'>] => {
    const { dims } = weights.find(name)!;
    return [name, float32(weights.read(name)!, dims)];
  });
  const { data, dims } = new Map(tensors).get('transformer.wte.weight')!;
  const head = float32(Float32Array.from(data).reverse(), dims);
  return new MemoryWeights('own head', new Map([...tensors, ['lm_head.weight', head]]));
}

const gpt2Config = () => parseGpt2Config(base.gpt2.config);

type Scored = Pick<Beam, 'tokens' | 'score' | 'isStopped'>;

/** The largest difference of scores, once the tokens are the same. */
function scoreError(found: readonly Scored[], expected: readonly Scored[]): number {
  const withoutScore = ({ tokens, isStopped }: Scored) => ({ tokens, isStopped });
  expect(found.map(withoutScore)).toEqual(expected.map(withoutScore));
  return maxError(
    found.map(({ score }) => score),
    expected.map(({ score }) => score),
  );
}
