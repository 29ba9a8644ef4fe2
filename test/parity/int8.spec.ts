import { openBaseModel, readBaseReplay, readMapperFiles } from '@housestyle/checkpoints';
import {
  type buildGpt2,
  calibrate,
  CaptionEngine,
  ClipCalibration,
  Mapper,
  parseGpt2Config,
  type BaseModelFiles,
  type LowRankDelta,
  type MapperFiles,
  type ModelOptions,
} from '@housestyle/clipcap';
import {
  fetched,
  float32,
  GraphBuilder,
  MemoryWeights,
  op,
  requireWeight,
  uint8,
  type Tensor,
  type WeightSource,
} from '@housestyle/graph';
import { OnnxGraphRunner } from '@housestyle/runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asWeights, decoderLayers, mapperLayers, randomDelta } from '../support/random-delta.mjs';
import { judgeCaptions } from './quality/judge-captions.js';
import { judgeCompany } from './quality/judge-company.js';
import { recordParity, relativeError } from './record-parity.js';
import { DEMO_MODEL, MAPPER_FOLDERS, NUM_PICTURES, referenceRow } from './reference.js';
import { teacherForcedLogits } from './teacher-forced-logits.js';
import { samplePixels } from './test-pictures.js';

const runner = new OnnxGraphRunner({ threads: 1 });
let base: BaseModelFiles;
let engine: CaptionEngine;

beforeAll(async () => {
  base = await openBaseModel(DEMO_MODEL);
  engine = await CaptionEngine.load(base, runner, { precision: 'int8' });
});
afterAll(() => engine.release());

describe('products of 8-bit matrices', () => {
  it('are exact, the largest that there are too', async () => {
    const [M, inner, N] = [5, 1024, 17];
    const fill = (count: number, value: (i: number) => number) =>
      Uint8Array.from({ length: count }, (_, i) => value(i));
    const x = fill(M * inner, (i) => [255, 0, 1, 254][Math.floor(i / inner) % 4]!);
    const w = fill(inner * N, (i) => [255, 1, 255, 0][(i % N) % 4]!);
    const g = new GraphBuilder('product');
    const y = op.matMulIntegerToFloat(g, g.input('x', 'uint8', [M, inner]), g.initializer('w', uint8(w, [inner, N])), {
      xScale: g.float(1),
      wScales: g.initializer('scales', float32(new Float32Array(N).fill(1))),
    });
    g.output('y', y, [M, N]);
    const session = await runner.load(g.build());
    const outputs = await session.run({ x: uint8(x, [M, inner]) });
    const expected = Float32Array.from({ length: M * N }, (_, at) => {
      const [row, column] = [Math.floor(at / N), at % N];
      return inner * (x[row * inner]! - 128) * (w[column]! - 128);
    });
    expect(fetched(outputs, 'y', 'float32').data).toEqual(expected);
    await session.release();
  });
});

describe('1,000 captions in 8 bits', () => {
  it('say as often what is in the pictures as those in fp32, and as well', async () => {
    const bounds = { changed: 0.1, mistakes: 0.01, cider: 0.005 };
    await judgeCaptions('int8', engine, { count: 1000, bounds });
  });
});

describe('captions in 8 bits by one scale for all rows', () => {
  it('say as often what is in the pictures as those in fp32, and as well, once calibrated', async () => {
    const reaches = await calibrate(base, (await readBaseReplay(DEMO_MODEL)).slice(0, 256), runner);
    const clip = await ClipCalibration.open(base.clip, runner);
    await clip.show(await samplePixels(clip.imageSize));
    await clip.release();
    const calibration = new MemoryWeights('calibration', new Map([...reaches, ...clip.reaches]));
    expect([...clip.reaches.keys()].filter((key) => key.endsWith('.mlp.fc1')).length).toBeGreaterThan(1);
    const calibrated = await CaptionEngine.load({ ...base, calibration }, runner, { precision: 'int8-static' });
    const bounds = { changed: 0.1, mistakes: 0.01, cider: 0.005 };
    await judgeCaptions('int8-static', calibrated, { count: 1000, bounds });
    await calibrated.release();
  });
});

describe('an image in 8 bits', () => {
  it('gets the caption it gets alone, with its tenant’s delta of rank 8 or without, in any company', async () => {
    await judgeCompany('int8', base, engine, { images: 12, hypotheses: 5, bound: 1e-3 });
  });
});

describe('a transformer mapper in 8 bits', () => {
  const embeddings = Array.from({ length: NUM_PICTURES }, (_, n) => referenceRow('image_embeds', n).slice());
  let transformer: MapperFiles;
  let calibration: MemoryWeights;
  const load = (options: ModelOptions) =>
    Mapper.load(transformer, { embeddingWidth: embeddings[0]!.length, decoderWidth: 96 }, runner, options);
  const prefixes = async (mapper: Mapper, deltas: readonly (LowRankDelta | undefined)[] = []) => {
    const found = await mapper.map(embeddings, deltas);
    await mapper.release();
    return found;
  };
  const joined = (rows: readonly Float32Array[]) => Float32Array.from(rows.flatMap((row) => [...row]));

  beforeAll(async () => {
    transformer = await readMapperFiles(MAPPER_FOLDERS.transformer);
    const examples = (await readBaseReplay(DEMO_MODEL)).slice(0, 64);
    calibration = new MemoryWeights('calibration', await calibrate({ ...base, mapper: transformer }, examples, runner));
  });

  it('is near fp32, row by row and by measured scales, with a tenant’s delta and without', async () => {
    const delta = asWeights('delta', randomDelta(mapperLayers(transformer.weights), 8, 1, 0.05));
    const mapped = async (options: ModelOptions, isChanged: boolean) => {
      const mapper = await load(options);
      const own = isChanged ? await mapper.loadDelta(delta) : undefined;
      return joined(await prefixes(mapper, own ? embeddings.map(() => own) : []));
    };
    for (const isChanged of [false, true]) {
      const exact = await mapped({}, isChanged);
      for (const precision of ['int8', 'int8-static'] as const) {
        const error = relativeError(await mapped({ precision, calibration }, isChanged), exact);
        recordParity(`${precision}: prefixes${isChanged ? ' with a delta' : ''}, relative error`, error, 0.05);
      }
    }
  });

  it('gives an embedding without a delta the very prefix it has where nobody has one', async () => {
    const alone = await prefixes(await load({ precision: 'int8' }));
    const mapper = await load({ precision: 'int8' });
    const delta = await mapper.loadDelta(asWeights('delta', randomDelta(mapperLayers(transformer.weights), 8, 1, 0.5)));
    const together = await prefixes(
      mapper,
      embeddings.map((_, n) => (n % 2 === 0 ? undefined : delta)),
    );
    for (const n of embeddings.keys()) {
      if (n % 2 === 0) expect(together[n]).toEqual(alone[n]);
      else expect(together[n]).not.toEqual(alone[n]);
    }
  });

  it('that a tenant brings is not computed by what was measured of the base’s', async () => {
    const names = calibration.names().filter((name) => name.startsWith('clip_project.'));
    const tiny = names.map((name) => [name, float32(calibration.read(name)!.map(() => 1e-3))] as const);
    const absurd = new MemoryWeights('absurd', new Map(tiny));
    const options = { precision: 'int8-static' } as const;
    const calibrated = await CaptionEngine.load({ ...base, calibration: absurd }, runner, options);
    const { mapper } = await calibrated.loadMapper(transformer, 'own');
    const own = await mapper.map(embeddings);
    await calibrated.release();
    expect(own).toEqual(await prefixes(await load({ precision: 'int8' })));
    const byAbsurd = await prefixes(await load({ ...options, calibration: absurd }));
    expect(relativeError(joined(byAbsurd), joined(own))).toBeGreaterThan(0.1);
  });
});

describe('GPT-2 with channels that reach 50 times as far as others', () => {
  it('is as near to fp32 in 8 bits as GPT-2 without', async () => {
    const [even, uneven] = [base.gpt2.weights, withOutliers(base.gpt2.weights)];
    const exact = await logits(even, {});
    recordParity(
      'fp32: outlier channels and weights that make up for them, relative',
      relativeError(await logits(uneven, {}), exact),
      1e-5,
    );
    const without = relativeError(await logits(even, { precision: 'int8' }), exact);
    const ours = relativeError(await logits(uneven, { precision: 'int8' }), exact);
    const naive = relativeError(await logits(uneven, { precision: 'int8', calibration: unbalanced(uneven) }), exact);
    recordParity('int8: logits, relative error', without, 0.05);
    recordParity('int8: logits with outlier channels, relative error', ours, 0.05);
    expect(naive).toBeGreaterThan(4 * ours);
  });
});

/** Some channels of every norm's output, and of the values, 50 times as large, and the weights they meet as much smaller. */
function withOutliers(weights: WeightSource): WeightSource {
  const { width: C, numLayers } = parseGpt2Config(base.gpt2.config);
  const tensors = new Map(
    weights.names().map((name) => {
      const { dims } = requireWeight(weights, name);
      return [name, float32(weights.read(name)!.slice(), dims)] as [string, Tensor<'float32'>];
    }),
  );
  const scale = (name: string, of: (row: number, column: number) => number) => {
    const { data, dims } = tensors.get(name)!;
    const columns = dims.at(-1)!;
    for (let at = 0; at < data.length; at++) data[at]! *= of(Math.floor(at / columns), at % columns);
  };
  const size = (channel: number) => (channel % 24 === 5 ? 50 : 1);
  for (let layer = 0; layer < numLayers; layer++) {
    const key = `transformer.h.${layer}`;
    for (const [norm, next] of [
      ['ln_1', 'attn.c_attn'],
      ['ln_2', 'mlp.c_fc'],
    ] as const) {
      for (const part of ['weight', 'bias']) scale(`${key}.${norm}.${part}`, (_, column) => size(column));
      scale(`${key}.${next}.weight`, (row) => 1 / size(row));
    }
    const ofValues = (column: number) => (column >= 2 * C ? size(column) : 1);
    scale(`${key}.attn.c_attn.weight`, (_, column) => ofValues(column));
    scale(`${key}.attn.c_attn.bias`, (_, column) => ofValues(column));
    scale(`${key}.attn.c_proj.weight`, (row) => 1 / size(row));
  }
  return new MemoryWeights('outliers', tensors);
}

/** Says of every channel that it reaches as far as makes its weights stay as they are. */
function unbalanced(weights: WeightSource): WeightSource {
  const tensors = decoderLayers(weights).map(({ name, input, output }) => {
    const data = weights.read(`${name}.weight`)!;
    const largest = Float32Array.from({ length: input }, (_, i) =>
      data.subarray(i * output, (i + 1) * output).reduce((most, value) => Math.max(most, Math.abs(value)), 0),
    );
    return [name, float32(largest)] as const;
  });
  return new MemoryWeights('as they are', new Map(tensors));
}

const logits = (weights: WeightSource, precision: Parameters<typeof buildGpt2>[2]): Promise<Float32Array> =>
  teacherForcedLogits({ ...base.gpt2, weights }, runner, precision);
