import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OnnxGraphRunner } from '@housestyle/runtime';
import {
  ADAMW_DEFAULTS,
  initialParameters,
  OnnxTrainingEngine,
  Random,
  train,
  type CaptionExample,
  type Parameters,
  type TrainingModel,
  type TrainingSession,
} from '@housestyle/training';
import { operationsOf, timeOfShapes, type MatrixProduct } from '../measure/roofline.js';
import { stopwatch, type Elapsed } from '../measure/stopwatch.js';
import {
  SYNTHETIC_SIZES,
  syntheticModel,
  type SyntheticMapper,
  type SyntheticSize,
} from '../synthetic/synthetic-model.js';
import { stepProducts } from './step-products.js';

export interface TrainBenchSettings extends SyntheticMapper {
  readonly size: SyntheticSize;
  readonly isGpt2Tuned: boolean;
  readonly batchSize: number;
  /** tokens of every caption. */
  readonly captionLength: number;
  readonly threads: number;
  /** where the random weights are kept. */
  readonly folder: string;
}

/** A step's matrix products alone. */
export interface StepLimit extends Elapsed {
  readonly operations: number;
}

/** One update of the parameters, from the batch's arrays to the parameters' new values. */
export interface StepFigures extends Elapsed {
  /** of the batch, before the update. */
  readonly loss: number;
}

/** The trainer's own loop on a captioner of random weights, one batch over and over, each update measured. */
export class TrainBench {
  private constructor(
    private readonly session: TrainingSession,
    private readonly parameters: Parameters,
    private readonly examples: readonly CaptionExample[],
    private readonly products: readonly MatrixProduct[],
    private readonly runner: OnnxGraphRunner,
  ) {}

  /** Besides the weights, `batch.json` in their folder says all that another program needs to do the same steps. */
  static async prepare(settings: TrainBenchSettings): Promise<TrainBench> {
    const { size, folder, isGpt2Tuned, threads } = settings;
    const { model, files } = await syntheticModel(folder, size, settings);
    const examples = randomExamples(settings);
    const batch = {
      embeddings: examples.map(({ embedding }) => [...embedding]),
      tokens: examples.map((e) => e.tokens),
    };
    await writeFile(join(folder, 'batch.json'), JSON.stringify({ ...files, optimizer: OPTIMIZER, ...batch }));
    const parameters = parametersOf(model, isGpt2Tuned);
    const runner = new OnnxGraphRunner({ threads });
    const session = await new OnnxTrainingEngine(runner).compile(model, parameters);
    return new TrainBench(session, parameters, examples, stepProducts(model, settings, isGpt2Tuned), runner);
  }

  get trainableParameters(): number {
    return [...this.parameters.values()].reduce((sum, { data }) => sum + data.length, 0);
  }

  /** caption tokens that a step learns from. */
  get tokens(): number {
    return this.examples.reduce((sum, { tokens }) => sum + tokens.length, 0);
  }

  /** At most `steps` updates; each waits for `mayGoOn`, and none follows when it says no. */
  async run(
    steps: number,
    onStep: (figures: StepFigures) => void,
    mayGoOn: () => Promise<boolean> = async () => true,
  ): Promise<void> {
    if (!(await mayGoOn())) return;
    let elapsed = stopwatch();
    await train({
      session: this.session,
      parameters: this.parameters,
      examples: this.examples,
      settings: {
        steps,
        batchSize: this.examples.length,
        accumulation: 1,
        seed: 0,
        learningRate: OPTIMIZER.learningRate,
        schedule: { warmupShare: 0, decay: 'constant' },
        optimizer: OPTIMIZER,
      },
      onProgress: async ({ loss, step }) => {
        onStep({ loss, ...elapsed() });
        if (step < steps && !(await mayGoOn())) return 'stop';
        elapsed = stopwatch();
        return undefined;
      },
    });
  }

  /** What a step would take if it were matrix products and nothing else. */
  async limit(): Promise<StepLimit> {
    return { ...(await timeOfShapes(this.products, this.runner)), operations: operationsOf(this.products) };
  }

  release(): Promise<void> {
    return this.session.release();
  }
}

const OPTIMIZER = { ...ADAMW_DEFAULTS, learningRate: 1e-4 };

const parametersOf = (model: TrainingModel, isGpt2Tuned: boolean): Parameters =>
  initialParameters(model, { mapper: 'full', decoder: isGpt2Tuned ? 'full' : 'frozen' }, new Random(0));

/** Captions of equal length, so that nothing is padded. Token 0 is left out: the official code gives it no loss. */
function randomExamples({ size, batchSize, captionLength }: TrainBenchSettings): CaptionExample[] {
  const { embeddingWidth, vocab_size } = SYNTHETIC_SIZES[size];
  const random = new Random(1);
  return Array.from({ length: batchSize }, () => ({
    embedding: Float32Array.from({ length: embeddingWidth }, () => random.normal()),
    tokens: Array.from({ length: captionLength }, () => 1 + (random.word() % (vocab_size - 1))),
    weight: 1,
  }));
}
