import {
  fetched,
  giveBack,
  type Feeds,
  type GraphRunner,
  type GraphRunOptions,
  type GraphSession,
} from '@housestyle/graph';
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

export interface OnnxTrainingOptions extends GraphRunOptions {
  /** floats of a gradient that come in one part; absent: what memory is got cheaply for. */
  readonly largestPart?: number;
}

/** Trains on any runner of ONNX graphs: loss and gradients are one graph of ordinary operators. */
export class OnnxTrainingEngine implements TrainingEngine {
  private readonly options: GraphRunOptions;
  private readonly largestPart: number;

  constructor(
    private readonly runner: GraphRunner,
    { largestPart = LARGEST_PART, ...options }: OnnxTrainingOptions = {},
  ) {
    this.options = { hasMemoryPattern: false, ...options };
    this.largestPart = largestPart;
  }

  async compile(model: TrainingModel, parameters: Parameters, options: CompileOptions = {}): Promise<TrainingSession> {
    const graph = buildTrainingGraph(model, parameters, this.largestPart, options.dropout);
    const session = await this.runner.load(graph.model, this.options);
    const loadLoss = () => this.runner.load(buildLossGraph(model, parameters), this.options);
    return new OnnxTrainingSession(
      parameters,
      model.mapper.config.prefixLength,
      session,
      graph.gradientOutputs,
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
    private readonly gradientOutputs: ReadonlyMap<string, readonly string[]>,
    private readonly dropoutInputs: readonly DropoutInput[],
    private readonly loadLoss: () => Promise<GraphSession>,
  ) {}

  async step(examples: readonly CaptionExample[], { normalizer, dropoutSeed }: StepOptions): Promise<StepResult> {
    const batch = captionBatch(examples, this.prefixLength, normalizer);
    const dropped = dropoutFeeds(this.dropoutInputs, batch.sizes, dropoutSeed);
    const outputs = await this.session.run({ ...this.feeds(batch), ...dropped });
    const parts = (names: readonly string[]) => names.map((name) => fetched(outputs, name, 'float32').data);
    const gradients = new Map([...this.gradientOutputs].map(([name, outputNames]) => [name, parts(outputNames)]));
    return {
      loss: fetched(outputs, 'loss', 'float32').data[0]!,
      gradients,
      giveBack: () => giveBack([...gradients.values()].flat()),
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

/**
 * In floats: 28 MiB. An output is copied into fresh memory, and pieces of 32 MiB or more glibc takes from the operating
 * system and gives back each time, which costs a page fault for every 4 KiB.
 */
const LARGEST_PART = 7 * 2 ** 20;
