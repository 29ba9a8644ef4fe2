import { readFileSync } from 'node:fs';
import path from 'node:path';
import { readMapperFiles, SafetensorsFile } from '@housestyle/checkpoints';
import { parseGpt2Config, parseMapperConfig } from '@housestyle/clipcap';
import { MemoryWeights, type Tensor, type WeightSource } from '@housestyle/graph';
import {
  AdamW,
  ADAMW_DEFAULTS,
  initialParameters,
  Random,
  tokenWeight,
  type AdamWSettings,
  type CaptionExample,
  type Gradients,
  type Parameters,
  type TrainedParts,
  type TrainingEngine,
  type TrainingModel,
} from '@housestyle/training';
import { describe, expect, it } from 'vitest';
import { maxError, recordParity, relativeError } from './record-parity.js';
import { demoBase, GOLDENS_FOLDER, MAPPER_FOLDERS, MAPPER_KINDS, type MapperKind } from './reference.js';

const TORCH: AdamWSettings = ADAMW_DEFAULTS;
const NUM_STEPS = 10;
const HUGGING_FACE: AdamWSettings = { ...ADAMW_DEFAULTS, epsilon: 1e-6, form: 'huggingface' };

const tensors = SafetensorsFile.open(path.join(GOLDENS_FOLDER, 'training.safetensors'));
const { training } = readJson<{
  training: Record<MapperKind, ReferenceRun> & { token_ids: readonly (readonly number[])[] };
}>('goldens.json');
const decoderTensors = SafetensorsFile.open(path.join(GOLDENS_FOLDER, 'decoder-training.safetensors'));
const wordTensors = SafetensorsFile.open(path.join(GOLDENS_FOLDER, 'word-training.safetensors'));
const wordRun = readJson<Way>('word-training.json');
const bothWays = readJson<{ readonly on: Way }>('both-ways.json');
const decoderRuns = readJson<Record<'tuned' | 'delta', Way>>('decoder-training.json');

/** What every training engine is held to: the reference's losses and gradients, and ten steps of AdamW by them. */
export function describeReferenceRuns(openEngine: () => TrainingEngine | Promise<TrainingEngine>): void {
  describe.each(MAPPER_KINDS)('training the %s mapper', (kind) => {
    it('gives the reference’s loss, gradients and ten steps of AdamW', async () => {
      const model = await demoModel(kind);
      const parameters = initialParameters(model, { mapper: 'full', decoder: 'frozen' }, new Random(0));
      const golden = training[kind];
      const losses = [...golden.losses_before_each_of_10_steps, golden.loss_after_10_steps];
      const taken = await expectRun(await openEngine(), kind, model, parameters, {
        ways: [{ losses, sums: golden.sums_after_10_steps }, ...(kind === 'transformer' ? [bothWays.on] : [])],
        gradientOf: (name) => tensors.read(`${kind}.grad.${name}`),
        optimizer: TORCH,
        learningRate: 1e-3,
      });
      for (const [name, { data }] of parameters) {
        const [sum, size] = taken.sums![name]!;
        const errors = [sumOf(data) - sum, sumOf(data.map(Math.abs)) - size].map((error) => Math.abs(error) / size);
        expect(Math.max(...errors), name).toBeLessThan(1e-5);
      }
    });
  });

  describe('training the decoder', () => {
    it('gives the reference’s run with all of GPT-2 tuned', async () => {
      const model = await demoModel('mlp');
      const parameters = initialParameters(model, { mapper: 'full', decoder: 'full' }, new Random(0));
      const gradientOf = (name: string) => decoderTensors.read(`tuned.grad.${name}`);
      await expectRun(await openEngine(), 'tuned', model, parameters, {
        ways: [decoderRuns.tuned],
        gradientOf,
        optimizer: HUGGING_FACE,
        learningRate: 1e-4,
      });
    });

    it('gives the reference’s run with a low-rank delta only', async () => {
      const model = await demoModel('mlp');
      const start = new PrefixedWeights(decoderTensors, 'delta.start.');
      const parameters = initialParameters(model, { mapper: 'frozen', decoder: { rank: 8 } }, new Random(0), start);
      const gradientOf = (name: string) => decoderTensors.read(`delta.grad.${name}`);
      await expectRun(await openEngine(), 'delta', model, parameters, {
        ways: [decoderRuns.delta],
        gradientOf,
        optimizer: TORCH,
        learningRate: 1e-3,
      });
    });

    it('gives the reference’s run with a low-rank delta of the word table beside it', async () => {
      const model = await demoModel('mlp');
      const starts = [new PrefixedWeights(decoderTensors, 'delta.start.'), new PrefixedWeights(wordTensors, 'start.')];
      const parts: TrainedParts = { mapper: 'frozen', decoder: { rank: 8, wordRank: 8 } };
      const parameters = initialParameters(model, parts, new Random(0), together(starts));
      const gradientOf = (name: string) => wordTensors.read(`grad.${name}`);
      await expectRun(await openEngine(), 'words', model, parameters, {
        ways: [wordRun],
        gradientOf,
        optimizer: TORCH,
        learningRate: 1e-3,
      });
    });
  });
}

interface Way {
  /** before each step and after the last one. */
  readonly losses: readonly number[];
  /** after the last step, of each tensor: the sum of its values and of their magnitudes. */
  readonly sums?: Readonly<Record<string, readonly [number, number]>>;
}

interface ExpectedRun {
  /** Equally right ones: more than one where a unit's input is smaller than rounding (goldens/both-ways.py). */
  readonly ways: readonly Way[];
  gradientOf(name: string): Float32Array | undefined;
  readonly optimizer: AdamWSettings;
  readonly learningRate: number;
}

async function expectRun(
  engine: TrainingEngine,
  kind: string,
  model: TrainingModel,
  parameters: Parameters,
  expected: ExpectedRun,
): Promise<Way> {
  const session = await engine.compile(model, parameters);
  const examples = referenceExamples();
  const options = { normalizer: tokenWeight(examples), dropoutSeed: 0 };
  const optimizer = new AdamW(parameters, expected.optimizer);
  const found: number[] = [];
  for (let step = 0; step < NUM_STEPS; step++) {
    const { loss, gradients } = await session.step(examples, options);
    if (step === 0) recordGradients(kind, gradients, expected);
    found.push(loss);
    optimizer.update(gradients, () => expected.learningRate);
  }
  found.push(await session.loss(examples, options.normalizer));
  await session.release();
  const { ways } = expected;
  const [first] = ways[0]!.losses;
  recordParity(`loss ${kind}, relative`, Math.abs(found[0]! - first!) / first!, 1e-6);
  const errors = ways.map(({ losses }) => maxError(found, losses));
  const nearest = errors.indexOf(Math.min(...errors));
  const way = nearest === 0 ? '' : ', the other way';
  recordParity(`losses ${kind} over ten steps of AdamW${way}, absolute`, errors[nearest]!, 1e-5);
  return ways[nearest]!;
}

/** Every tensor's gradient is held to the bound; the table shows the worst. */
function recordGradients(kind: string, gradients: Gradients, expected: ExpectedRun): void {
  const references = [...gradients].flatMap(([name, gradient]) => {
    const reference = expected.gradientOf(name);
    return reference ? [{ name, error: relativeError(joined(gradient), reference) }] : [];
  });
  const [worst] = references.sort((a, b) => b.error - a.error);
  recordParity(`gradients ${kind}, worst of ${references.length} (${worst!.name}), relative`, worst!.error, 1e-5);
  expect(references.length).toBe(NUM_TENSORS[kind]);
}

/** A gradient's parts as one. */
export const joined = (parts: readonly Float32Array[]): Float32Array =>
  parts.length === 1 ? parts[0]! : Float32Array.from(parts.flatMap((part) => [...part]));

/** Of the MLP 4, of the transformer 3 and 12 a layer, of GPT-2 4 and 12 a layer, of its delta 8 a layer, of words 2. */
const NUM_TENSORS: Readonly<Record<string, number>> = { mlp: 4, transformer: 99, tuned: 52, delta: 32, words: 2 };

/** A checkpoint's tensors whose names begin with `prefix`, without it. */
class PrefixedWeights implements WeightSource {
  constructor(
    private readonly source: WeightSource,
    private readonly prefix: string,
  ) {}

  get label(): string {
    return this.source.label;
  }

  names = () =>
    this.source.names().flatMap((name) => (name.startsWith(this.prefix) ? name.slice(this.prefix.length) : []));
  find = (name: string) => this.source.find(this.prefix + name);
  read = (name: string) => this.source.read(this.prefix + name);
}

/** What all of these hold, in memory. */
function together(sources: readonly WeightSource[]): MemoryWeights {
  const tensors = sources.flatMap((source) =>
    source.names().map((name): [string, Tensor<'float32'>] => {
      const { dims } = source.find(name)!;
      return [name, { type: 'float32', dims, data: source.read(name)! }];
    }),
  );
  return new MemoryWeights('start', new Map(tensors));
}

function readJson<T>(file: string): T {
  return JSON.parse(readFileSync(path.join(GOLDENS_FOLDER, file), 'utf8')) as T;
}

interface ReferenceRun {
  readonly losses_before_each_of_10_steps: readonly number[];
  readonly loss_after_10_steps: number;
  readonly sums_after_10_steps: Way['sums'];
}

/** The demo base with either mapper. */
export async function demoModel(kind: MapperKind): Promise<TrainingModel> {
  const { gpt2 } = await demoBase();
  const files = await readMapperFiles(MAPPER_FOLDERS[kind]);
  const config = parseMapperConfig(files.config, files.weights, { embeddingWidth: 128, decoderWidth: 96 });
  return {
    mapper: { config, weights: files.weights },
    gpt2: { config: parseGpt2Config(gpt2.config), weights: gpt2.weights },
  };
}

/** The goldens' captions of their pictures, as given. */
export function referenceExamples(): CaptionExample[] {
  const embeddings = tensors.read('embeddings')!;
  const width = embeddings.length / training.token_ids.length;
  return training.token_ids.map((tokens, row) => ({
    embedding: embeddings.slice(row * width, (row + 1) * width),
    tokens,
    weight: 1,
  }));
}

const sumOf = (values: Float32Array): number => values.reduce((sum, value) => sum + value, 0);
