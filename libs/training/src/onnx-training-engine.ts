import { fetched, type Feeds, type GraphRunner, type GraphRunOptions, type GraphSession } from '@housestyle/graph';
import { captionBatch, type CaptionBatch } from './caption-batch.js';
import type { CaptionExample } from './caption-example.js';
import { dropoutFeeds } from './dropout-feeds.js';
import type { Parameters } from './parameters.js';
import type {
  CompileOptions,
  StepOptions,
  StepResult,
  TrainingEngine,
  TrainingModel,
  TrainingSession,
} from './training-engine.js';
import { buildLossGraph, buildTrainingGraph, type DropoutInput } from './training-graph.js';

/** Trains on any runner of ONNX graphs: loss and gradients are one graph of ordinary operators. */
export class OnnxTrainingEngine implements TrainingEngine {
  private readonly options: GraphRunOptions;

  constructor(
    private readonly runner: GraphRunner,
    options: GraphRunOptions = {},
  ) {
    this.options = { hasMemoryPattern: false, ...options };
  }

  async compile(model: TrainingModel, parameters: Parameters, options: CompileOptions = {}): Promise<TrainingSession> {
    const graph = buildTrainingGraph(model, parameters, options.dropout);
    const session = await this.runner.load(graph.model, this.options);
    const loadLoss = () => this.runner.load(buildLossGraph(model, parameters), this.options);
    return new OnnxTrainingSession(
      parameters,
      model.mapper.config.prefixLength,
      session,
      graph.dropoutInputs,
      loadLoss,
    );
  }
}

class OnnxTrainingSession implements TrainingSession {
  private lossSession: Promise<GraphSession> | undefined;

  constructor(
    private readonly parameters: Parameters,
    private readonly prefixLength: number,
    private readonly session: GraphSession,
    private readonly dropoutInputs: readonly DropoutInput[],
    private readonly loadLoss: () => Promise<GraphSession>,
  ) {}

  async step(examples: readonly CaptionExample[], { normalizer, dropoutSeed }: StepOptions): Promise<StepResult> {
    const batch = captionBatch(examples, this.prefixLength, normalizer);
    const dropped = dropoutFeeds(this.dropoutInputs, batch.sizes, dropoutSeed);
    const outputs = await this.session.run({ ...this.feeds(batch), ...dropped });
    const names = [...this.parameters.keys()];
    return {
      loss: fetched(outputs, 'loss', 'float32').data[0]!,
      gradients: new Map(names.map((name) => [name, fetched(outputs, `gradient.${name}`, 'float32').data])),
    };
  }

  async loss(examples: readonly CaptionExample[], normalizer: number): Promise<number> {
    // Loaded by those who ask for it only: it holds the frozen weights a second time.
    this.lossSession ??= this.loadLoss();
    const session = await this.lossSession;
    const outputs = await session.run(this.feeds(captionBatch(examples, this.prefixLength, normalizer)));
    return fetched(outputs, 'loss', 'float32').data[0]!;
  }

  async release(): Promise<void> {
    await this.session.release();
    await (await this.lossSession)?.release();
  }

  private feeds({ feeds }: CaptionBatch): Feeds {
    return { ...feeds, ...Object.fromEntries(this.parameters) };
  }
}
