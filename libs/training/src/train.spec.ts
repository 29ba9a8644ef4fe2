import path from 'node:path';
import { openBaseModel } from '@housestyle/checkpoints';
import { parseGpt2Config, parseMapperConfig } from '@housestyle/clipcap';
import type { Tensor } from '@housestyle/graph';
import { OnnxGraphRunner, ThreadedGraphRunner } from '@housestyle/runtime';
import { beforeAll, describe, expect, it } from 'vitest';
import { ADAMW_DEFAULTS } from './adamw.js';
import { tokenWeight, type CaptionExample } from './caption-example.js';
import { OnnxTrainingEngine } from './onnx-training-engine.js';
import { ParallelTrainingEngine } from './parallel-training-engine.js';
import { initialParameters, type Parameters, type TrainedParts } from './parameters.js';
import { Random } from './random.js';
import { stepsOfEpochs, train } from './train.js';
import type { CompileOptions, StepResult, TrainingEngine, TrainingModel } from './training-engine.js';
import type { TrainingProgress, TrainingRun, TrainingSettings, TrainingState } from './training-run.js';

const DEMO_MODEL = path.join(import.meta.dirname, '../../../models/demo');
const engine = new OnnxTrainingEngine(new OnnxGraphRunner({ threads: 1 }));
const DELTA: TrainedParts = { mapper: { rank: 4 }, decoder: { rank: 2 } };
let model: TrainingModel;

beforeAll(async () => {
  const { gpt2, mapper } = await openBaseModel(DEMO_MODEL);
  const config = parseMapperConfig(mapper.config, mapper.weights, { embeddingWidth: 128, decoderWidth: 96 });
  model = {
    mapper: { config, weights: mapper.weights },
    gpt2: { config: parseGpt2Config(gpt2.config), weights: gpt2.weights },
  };
});

const SETTINGS: TrainingSettings = {
  steps: 6,
  batchSize: 4,
  accumulation: 1,
  seed: 7,
  learningRate: 3e-3,
  schedule: { warmupShare: 0.2, decay: 'linear' },
  optimizer: ADAMW_DEFAULTS,
};

describe('train', () => {
  it('learns captions with a delta on mapper and decoder', async () => {
    const { progress } = await trained({ settings: { ...SETTINGS, steps: 60 } });
    expect(progress).toHaveLength(60);
    expect(progress.at(-1)!.loss).toBeLessThan(0.3 * progress[0]!.loss);
  });

  it('gives the same result again, and another one with another seed', async () => {
    const [one, same, other] = [
      await trained(),
      await trained(),
      await trained({ settings: { ...SETTINGS, seed: 8 } }),
    ];
    expect(valuesOf(same.parameters)).toEqual(valuesOf(one.parameters));
    expect(valuesOf(other.parameters)).not.toEqual(valuesOf(one.parameters));
  });

  it('ends where it would have ended when it is taken up from a checkpoint', async () => {
    const settings = {
      ...SETTINGS,
      accumulation: 2,
      embeddingNoise: 0.1,
      replay: { examples: someExamples(3, 50), perUpdate: 2 },
    };
    const dropout = { embedding: 0.1, attention: 0.1, residual: 0.1 };
    const saved: TrainingState[] = [];
    const save = async ({ step, tensors }: TrainingState) => {
      saved.push({ step, tensors: new Map([...tensors].map(([name, tensor]) => [name, copyOf(tensor)])) });
    };
    const whole = await trained({ settings, checkpoint: { everySteps: 2, save } }, { dropout });
    expect(saved.map(({ step }) => step)).toEqual([2, 4, 6]);
    for (const resumeFrom of saved) {
      const resumed = await trained({ settings, resumeFrom }, { dropout });
      expect(resumed.progress.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6].slice(resumeFrom.step));
      expect(valuesOf(resumed.parameters)).toEqual(valuesOf(whole.parameters));
    }
  });

  it('replays every picture before any comes again, in another order then', async () => {
    const replay = someExamples(6, 50);
    const seen: number[] = [];
    const watched = watching((batch) => {
      seen.push(...batch.map((each) => replay.indexOf(each)).filter((index) => index >= 0));
    });
    await trained({ settings: { ...SETTINGS, replay: { examples: replay, perUpdate: 2 } } }, {}, watched);
    const [first, second] = [seen.slice(0, 6), seen.slice(6)];
    for (const epoch of [first, second]) expect([...epoch].sort()).toEqual([0, 1, 2, 3, 4, 5]);
    expect(second).not.toEqual(first);
  });

  it('refuses to take up a run that trained something else', async () => {
    const resumeFrom = { step: 2, tensors: new Map<string, Tensor<'float32'>>() };
    await expect(trained({ resumeFrom })).rejects.toMatchObject({ code: 'corrupt_checkpoint' });
  });

  it('makes of accumulated batches what one batch of them all makes', async () => {
    const [whole, parts] = [
      await trained({ settings: { ...SETTINGS, batchSize: 8 } }),
      await trained({ settings: { ...SETTINGS, batchSize: 2, accumulation: 4 } }),
    ];
    parts.progress.forEach(({ loss }, n) => expect(loss).toBeCloseTo(whole.progress[n]!.loss, 5));
  });

  it('gives the memory of every batch’s gradients back, once they are used', async () => {
    const results: StepResult[] = [];
    const watched = watching((_, result) => results.push(result));
    const beside = new OnnxTrainingEngine(new ThreadedGraphRunner(), { threads: 1 });
    const shared = new ParallelTrainingEngine([watched, beside, watched]);
    for (const by of [watched, shared]) await trained({ settings: { ...SETTINGS, accumulation: 2 } }, {}, by);
    expect(results.length).toBeGreaterThan(2 * SETTINGS.steps * 2);
    const parts = results.flatMap(({ gradients }) => [...gradients.values()].flat());
    expect(parts.filter(({ length }) => length > 0)).toEqual([]);
  });

  it('learns the same when threads share its batches', async () => {
    const beside = new OnnxTrainingEngine(new ThreadedGraphRunner(), { threads: 1 });
    const [alone, shared] = [await trained(), await trained({}, {}, new ParallelTrainingEngine([engine, beside]))];
    alone.progress.forEach(({ loss }, n) => expect(shared.progress[n]!.loss).toBeCloseTo(loss, 5));
    const again = await trained({}, {}, new ParallelTrainingEngine([engine, beside]));
    expect(valuesOf(again.parameters)).toEqual(valuesOf(shared.parameters));
  });

  it('stops when asked to, and fails with the signal’s reason when aborted', async () => {
    const stopped = await trained({ onProgress: ({ step }) => (step === 2 ? 'stop' : undefined) });
    expect(stopped.outcome).toMatchObject({ step: 2, isStoppedEarly: true });
    const signal = AbortSignal.abort(new Error('shutting down'));
    await expect(trained({ signal })).rejects.toThrow('shutting down');
  });

  it('gives up when the loss is no longer a number', async () => {
    const broken = someExamples(4).map((example) => ({ ...example, embedding: new Float32Array(128).fill(NaN) }));
    await expect(trained({ examples: broken })).rejects.toMatchObject({ code: 'training_diverged' });
  });

  it('shortens long gradients, and knows how many steps epochs take', async () => {
    const { progress } = await trained({ settings: { ...SETTINGS, maxGradientNorm: 1e-12, steps: 2 } });
    expect(progress[1]!.loss).not.toBe(progress[0]!.loss); // other examples, but hardly other parameters
    expect(stepsOfEpochs(300, 2, { batchSize: 40, accumulation: 1 })).toBe(16);
    expect(stepsOfEpochs(3, 5, { batchSize: 40, accumulation: 4 })).toBe(5);
  });
});

describe('the loss', () => {
  const lossOf = async (examples: readonly CaptionExample[]) => {
    const session = await engine.compile(model, start(DELTA));
    const losses = [
      await session.loss(examples, tokenWeight(examples)),
      (await session.step(examples, { normalizer: tokenWeight(examples), dropoutSeed: 0 })).loss,
    ];
    await session.release();
    expect(losses[1]).toBeCloseTo(losses[0]!, 6);
    return losses[0]!;
  };

  it('counts every token, number 0 too, and no padding', async () => {
    const [short, long] = [example(1, [0]), example(2, [5, 0, 0, 13])];
    const apart = [await lossOf([short]), await lossOf([long])] as const;
    expect(await lossOf([short, long])).toBeCloseTo((apart[0] + 4 * apart[1]) / 5, 5);
    expect(apart[0]).toBeGreaterThan(0.1);
  });

  it('weighs examples', async () => {
    const [one, other] = [example(1, [5, 13]), example(2, [6, 7, 13])];
    const apart = [await lossOf([one]), await lossOf([other])] as const;
    const together = await lossOf([one, { ...other, weight: 3 }]);
    expect(together).toBeCloseTo((2 * apart[0] + 9 * apart[1]) / 11, 5);
  });
});

function example(seed: number, tokens: readonly number[]): CaptionExample {
  const random = new Random(seed);
  return { embedding: Float32Array.from({ length: 128 }, () => 2.6 * random.normal()), tokens, weight: 1 };
}

/** Captions of 2 to 6 words, each with an embedding of its own. */
function someExamples(count: number, from = 0): CaptionExample[] {
  return Array.from({ length: count }, (_, n) => {
    const words = Array.from({ length: 1 + (n % 5) }, (_, at) => 300 + ((7 * (from + n) + 3 * at) % 400));
    return example(from + n, [...words, 13]);
  });
}

/** The engine, which tells of every batch and of what was made of it. */
const watching = (told: (batch: readonly CaptionExample[], result: StepResult) => void): TrainingEngine => ({
  compile: async (...of) => {
    const session = await engine.compile(...of);
    return {
      step: async (batch, options) => {
        const result = await session.step(batch, options);
        told(batch, result);
        return result;
      },
      loss: (...of) => session.loss(...of),
      release: () => session.release(),
    };
  },
});

const start = (parts: TrainedParts): Parameters => initialParameters(model, parts, new Random(1));

async function trained(run: Partial<TrainingRun> = {}, options?: CompileOptions, trainer: TrainingEngine = engine) {
  const parameters = start(DELTA);
  const session = await trainer.compile(model, parameters, options);
  const progress: TrainingProgress[] = [];
  try {
    const outcome = await train({
      session,
      parameters,
      examples: someExamples(8),
      settings: SETTINGS,
      ...run,
      onProgress: (update) => {
        progress.push(update);
        return run.onProgress?.(update);
      },
    });
    return { outcome, progress, parameters };
  } finally {
    await session.release();
  }
}

const valuesOf = (parameters: Parameters) => [...parameters].map(([name, { data }]) => [name, [...data]]);
const copyOf = (tensor: Tensor<'float32'>): Tensor<'float32'> => ({ ...tensor, data: tensor.data.slice() });
