import { readFileSync } from 'node:fs';
import path from 'node:path';
import { readMapperFiles, SafetensorsFile } from '@housestyle/checkpoints';
import { parseGpt2Config, parseMapperConfig } from '@housestyle/clipcap';
import { OnnxGraphRunner } from '@housestyle/runtime';
import {
  AdamW,
  initialParameters,
  OnnxTrainingEngine,
  Random,
  tokenWeight,
  type CaptionExample,
  type TrainingModel,
} from '@housestyle/training';
import { describe, expect, it } from 'vitest';
import { recordParity, relativeError } from './record-parity.js';
import { demoBase, GOLDENS_FOLDER, MAPPER_FOLDERS, MAPPER_KINDS, type MapperKind } from './reference.js';

const engine = new OnnxTrainingEngine(new OnnxGraphRunner({ threads: 1 }));
const LEARNING_RATE = 1e-3;

const tensors = SafetensorsFile.open(path.join(GOLDENS_FOLDER, 'training.safetensors'));
const { training } = JSON.parse(readFileSync(path.join(GOLDENS_FOLDER, 'goldens.json'), 'utf8')) as {
  training: Record<MapperKind, ReferenceRun> & { token_ids: readonly (readonly number[])[] };
};

describe.each(MAPPER_KINDS)('training the %s mapper', (kind) => {
  it('gives the reference’s loss, gradients and ten steps of AdamW', async () => {
    const model = await demoModel(kind);
    const parameters = initialParameters(model, { mapper: 'full', decoder: 'frozen' }, new Random(0));
    const session = await engine.compile(model, parameters);
    const examples = referenceExamples();
    const options = { normalizer: tokenWeight(examples), dropoutSeed: 0 };
    const optimizer = new AdamW(parameters);
    const run = training[kind];

    const { loss, gradients } = await session.step(examples, options);
    recordParity(`loss ${kind}, relative`, Math.abs(loss - run.loss) / run.loss, 1e-6);
    expect(gradients.size).toBe(tensors.names().filter((name) => name.startsWith(`${kind}.grad.`)).length);
    for (const [name, gradient] of gradients) {
      const reference = tensors.read(`${kind}.grad.${name}`)!;
      recordParity(`gradient ${kind} ${name}, relative`, relativeError(gradient, reference), 1e-5);
    }

    const losses: number[] = [];
    for (let step = 0; step < 10; step++) {
      const result = await session.step(examples, options);
      losses.push(result.loss);
      optimizer.update(result.gradients, () => LEARNING_RATE);
    }
    losses.forEach((loss, step) => {
      const reference = run.losses_before_each_of_10_steps[step]!;
      recordParity(`loss ${kind} before step ${step + 1}, absolute`, Math.abs(loss - reference), 1e-5);
    });
    const after = await session.loss(examples, options.normalizer);
    recordParity(`loss ${kind} after 10 steps, absolute`, Math.abs(after - run.loss_after_10_steps), 1e-5);
    for (const [name, { data }] of parameters) {
      const [sum, size] = run.sums_after_10_steps[name]!;
      const [found, foundSize] = [sumOf(data), sumOf(data.map(Math.abs))];
      recordParity(`sum of ${kind} ${name} after 10 steps, of its size`, Math.abs(found - sum) / size, 1e-5);
      recordParity(`size of ${kind} ${name} after 10 steps, relative`, Math.abs(foundSize - size) / size, 1e-5);
    }
    await session.release();
  });
});

interface ReferenceRun {
  readonly loss: number;
  readonly losses_before_each_of_10_steps: readonly number[];
  readonly loss_after_10_steps: number;
  /** of each tensor: the sum of its values and of their magnitudes. */
  readonly sums_after_10_steps: Readonly<Record<string, readonly [number, number]>>;
}

async function demoModel(kind: MapperKind): Promise<TrainingModel> {
  const { gpt2 } = await demoBase();
  const files = await readMapperFiles(MAPPER_FOLDERS[kind]);
  const config = parseMapperConfig(files.config, files.weights, { embeddingWidth: 128, decoderWidth: 96 });
  return {
    mapper: { config, weights: files.weights },
    gpt2: { config: parseGpt2Config(gpt2.config), weights: gpt2.weights },
  };
}

function referenceExamples(): CaptionExample[] {
  const embeddings = tensors.read('embeddings')!;
  const width = embeddings.length / training.token_ids.length;
  return training.token_ids.map((tokens, row) => ({
    embedding: embeddings.slice(row * width, (row + 1) * width),
    tokens,
    weight: 1,
  }));
}

const sumOf = (values: Float32Array): number => values.reduce((sum, value) => sum + value, 0);
