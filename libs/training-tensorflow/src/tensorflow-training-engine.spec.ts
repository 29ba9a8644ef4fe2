import path from 'node:path';
import { openBaseModel } from '@housestyle/checkpoints';
import { parseGpt2Config, parseMapperConfig } from '@housestyle/clipcap';
import {
  ADAMW_DEFAULTS,
  initialParameters,
  Random,
  train,
  type CaptionExample,
  type TrainingModel,
  type TrainingSettings,
} from '@housestyle/training';
import { beforeAll, expect, it } from 'vitest';
import { describeWith } from '../../../test/support/describe-with.js';
import { tensorflow } from '../../../test/support/tensorflow.js';
import { loadTensorFlow } from './load-tensorflow.js';
import type { TensorFlow } from './tensorflow.js';
import { TensorFlowTrainingEngine } from './tensorflow-training-engine.js';

const DEMO_MODEL = path.join(import.meta.dirname, '../../../models/demo');
const SETTINGS: TrainingSettings = {
  steps: 40,
  batchSize: 4,
  accumulation: 1,
  seed: 7,
  learningRate: 3e-3,
  schedule: { warmupShare: 0.2, decay: 'linear' },
  optimizer: ADAMW_DEFAULTS,
};
const DROPOUT = { embedding: 0.1, attention: 0.1, residual: 0.1 };

describeWith([tensorflow()], 'TensorFlowTrainingEngine', () => {
  let tf: TensorFlow & { memory(): { readonly numTensors: number } };
  let engine: TensorFlowTrainingEngine;
  let model: TrainingModel;

  beforeAll(async () => {
    const folder = process.env['TENSORFLOW_FOLDER'];
    tf = loadTensorFlow(folder ? { folder } : {}) as typeof tf;
    engine = new TensorFlowTrainingEngine(tf);
    const { gpt2, mapper } = await openBaseModel(DEMO_MODEL);
    const config = parseMapperConfig(mapper.config, mapper.weights, { embeddingWidth: 128, decoderWidth: 96 });
    model = {
      mapper: { config, weights: mapper.weights },
      gpt2: { config: parseGpt2Config(gpt2.config), weights: gpt2.weights },
    };
  });

  async function losses(): Promise<number[]> {
    const parameters = initialParameters(model, { mapper: { rank: 4 }, decoder: { rank: 2 } }, new Random(1));
    const session = await engine.compile(model, parameters, { dropout: DROPOUT });
    const found: number[] = [];
    const onProgress = ({ loss }: { loss: number }) => void found.push(loss);
    await train({ session, parameters, examples: someExamples(8), settings: SETTINGS, onProgress });
    await session.release();
    return found;
  }

  it('learns captions, the same way again', async () => {
    const found = await losses();
    expect(found).toHaveLength(SETTINGS.steps);
    expect(found.at(-1)!).toBeLessThan(0.6 * found[0]!);
    expect(await losses()).toEqual(found);
  });

  it('keeps nothing of a step, and nothing at all when released', async () => {
    const before = tf.memory().numTensors;
    const parameters = initialParameters(model, { mapper: 'full', decoder: 'full' }, new Random(1));
    const session = await engine.compile(model, parameters, { dropout: DROPOUT });
    const compiled = tf.memory().numTensors;
    for (let step = 0; step < 3; step++) await session.step(someExamples(3), { normalizer: 10, dropoutSeed: step });
    await session.loss(someExamples(3), 10);
    expect(tf.memory().numTensors).toBe(compiled);
    await session.release();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('refuses weights that contradict the configuration, and keeps none of them', async () => {
    const before = tf.memory().numTensors;
    const wider = { ...model, gpt2: { ...model.gpt2, config: { ...model.gpt2.config, innerWidth: 7 } } };
    const frozen = engine.compile(
      wider,
      initialParameters(model, { mapper: 'full', decoder: 'frozen' }, new Random(1)),
    );
    await expect(frozen).rejects.toMatchObject({ code: 'invalid_model', message: /mlp\.c_fc\.weight is \[96, 384\]/ });
    const trained = engine.compile(wider, initialParameters(model, { mapper: 'full', decoder: 'full' }, new Random(1)));
    await expect(trained).rejects.toMatchObject({
      code: 'invalid_model',
      message: /^trained .*its configuration says/,
    });
    expect(tf.memory().numTensors).toBe(before);
  });
});

function someExamples(count: number): CaptionExample[] {
  const random = new Random(count);
  return Array.from({ length: count }, (_, n) => ({
    embedding: Float32Array.from({ length: 128 }, () => 0.3 * random.normal()),
    tokens: Array.from({ length: 3 + (n % 4) }, () => Math.floor(random.uniform() * 400)),
    weight: 1,
  }));
}
