import type { WeightSource } from '@housestyle/graph';
import type {
  CaptionExample,
  CompileOptions,
  Parameters,
  StepOptions,
  StepResult,
  TrainingEngine,
  TrainingModel,
  TrainingSession,
} from '@housestyle/training';
import { batchTensors, type BatchTensors } from './batch-tensors.js';
import { dropping, droppingNothing } from './dropout.js';
import { captionLoss, type Drop } from './gpt2.js';
import type { Model } from './layers.js';
import { loadTensorFlow, type TensorFlowPlace } from './load-tensorflow.js';
import { mapperPrefix } from './mapper.js';
import { ModelWeights } from './model-weights.js';
import type { Tensor, TensorFlow } from './tensorflow.js';

/** Trains with TensorFlow.js: the model is written in its operators, and it differentiates them itself. */
export class TensorFlowTrainingEngine implements TrainingEngine {
  constructor(private readonly tf: TensorFlow) {}

  /** @throws DomainError `device_unavailable`, saying what to install */
  static load(place?: TensorFlowPlace): TensorFlowTrainingEngine {
    return new TensorFlowTrainingEngine(loadTensorFlow(place));
  }

  async compile(model: TrainingModel, parameters: Parameters, options: CompileOptions = {}): Promise<TrainingSession> {
    const session = new TensorFlowTrainingSession(this.tf, model, parameters, options);
    try {
      // Nothing is compiled here: one word's loss brings the frozen weights over and finds what contradicts itself.
      const embedding = new Float32Array(model.mapper.config.prefixSize).fill(1);
      await session.loss([{ embedding, tokens: [0, 0], weight: 1 }], 1);
      return session;
    } catch (error) {
      await session.release();
      throw error;
    }
  }
}

class TensorFlowTrainingSession implements TrainingSession {
  private readonly weights: ModelWeights;

  constructor(
    private readonly tf: TensorFlow,
    private readonly model: TrainingModel,
    private readonly parameters: Parameters,
    private readonly options: CompileOptions,
  ) {
    this.weights = new ModelWeights(tf, parameters);
  }

  async step(examples: readonly CaptionExample[], { normalizer, dropoutSeed }: StepOptions): Promise<StepResult> {
    const { dropout } = this.options;
    return scoped(this.tf, () => {
      const batch = this.bring(examples, normalizer);
      const drop = dropout ? dropping(this.tf, dropout, dropoutSeed) : droppingNothing;
      const lossOf = (...trained: Tensor[]) => this.lossOf(trained, batch, drop);
      const { value, grads } = this.tf.valueAndGrads(lossOf)(this.weights.bringTrained());
      const names = [...this.parameters.keys()];
      return { loss: scalar(value), gradients: new Map(names.map((name, n) => [name, [grads[n]!.dataSync()]])) };
    });
  }

  async loss(examples: readonly CaptionExample[], normalizer: number): Promise<number> {
    return scoped(this.tf, () =>
      scalar(this.lossOf(this.weights.bringTrained(), this.bring(examples, normalizer), droppingNothing)),
    );
  }

  async release(): Promise<void> {
    this.weights.release();
  }

  private bring(examples: readonly CaptionExample[], normalizer: number): BatchTensors {
    return batchTensors(this.tf, examples, this.model.mapper.config.prefixLength, normalizer);
  }

  private lossOf(trained: readonly Tensor[], batch: BatchTensors, drop: Drop): Tensor {
    const { mapper, gpt2 } = this.model;
    this.weights.use(trained);
    const prefix = mapperPrefix(this.part(mapper.weights), batch.embeddings, mapper.config);
    const decoder = { ...this.part(gpt2.weights), isTrained: this.weights.isTrained };
    return captionLoss(decoder, prefix, batch, gpt2.config, drop);
  }

  /** The mapper or the decoder, with the deltas of either. */
  private part(source: WeightSource): Model {
    const { tf, weights } = this;
    const { deltas } = this.model;
    const pair: Model['pair'] = (key) => {
      const [a, b] = [`${key}.A`, `${key}.B`];
      if (!weights.isTrained(a) && !deltas?.find(a)) return undefined;
      const from = deltas ?? source;
      return { a: weights.require(from, a), b: weights.require(from, b) };
    };
    const delta: Model['delta'] = (x, key) => {
      const found = pair(key);
      return found && tf.matMul(tf.matMul(x, found.a), found.b); // (xA)B
    };
    return { tf, weight: (name, dims) => weights.require(source, name, dims), delta, pair };
  }
}

/** What `work` gives, every tensor it made but those it kept freed. */
function scoped<Result>(tf: TensorFlow, work: () => Result): Result {
  let result: Result | undefined;
  tf.tidy(() => {
    result = work();
  });
  return result as Result;
}

const scalar = (tensor: Tensor): number => tensor.dataSync()[0]!;
