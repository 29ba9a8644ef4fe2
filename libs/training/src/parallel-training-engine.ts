import type { CaptionExample } from './caption-example.js';
import { addGradients } from './gradients.js';
import type { Parameters } from './parameters.js';
import type {
  CompileOptions,
  StepOptions,
  StepResult,
  TrainingEngine,
  TrainingModel,
  TrainingSession,
} from './training-engine.js';

/**
 * Several engines that each take a share of every batch, captions of like length together: their losses and gradients
 * add up to the whole batch's. It pays where products are too small to be divided among cores and engines run side by
 * side; each holds the frozen weights for itself. The first one may block the calling thread, so it begins last.
 */
export class ParallelTrainingEngine implements TrainingEngine {
  constructor(private readonly engines: readonly [TrainingEngine, ...TrainingEngine[]]) {}

  async compile(model: TrainingModel, parameters: Parameters, options?: CompileOptions): Promise<TrainingSession> {
    const sessions = await Promise.all(this.engines.map((engine) => engine.compile(model, parameters, options)));
    return new ParallelTrainingSession(sessions, model.mapper.config.prefixLength);
  }
}

class ParallelTrainingSession implements TrainingSession {
  constructor(
    private readonly sessions: readonly TrainingSession[],
    private readonly prefixLength: number,
  ) {}

  async step(examples: readonly CaptionExample[], { normalizer, dropoutSeed }: StepOptions): Promise<StepResult> {
    const steps = this.sharesOf(examples).map(
      (share, n) => () => this.sessions[n]!.step(share, { normalizer, dropoutSeed: dropoutSeed + n }),
    );
    const begun = steps.reverse().map((step) => step());
    const [first, ...others] = (await Promise.all(begun)).reverse() as [StepResult, ...StepResult[]];
    for (const { gradients } of others) addGradients(first.gradients, gradients);
    return { loss: others.reduce((sum, { loss }) => sum + loss, first.loss), gradients: first.gradients };
  }

  loss(examples: readonly CaptionExample[], normalizer: number): Promise<number> {
    return this.sessions[0]!.loss(examples, normalizer);
  }

  async release(): Promise<void> {
    await Promise.all(this.sessions.map((session) => session.release()));
  }

  /** By length, with about as many positions in each; none is empty. */
  private sharesOf(examples: readonly CaptionExample[]): CaptionExample[][] {
    const positionsOf = ({ tokens }: CaptionExample): number => this.prefixLength + tokens.length;
    const all = examples.reduce((sum, example) => sum + positionsOf(example), 0);
    const shares: CaptionExample[][] = this.sessions.map(() => []);
    let before = 0;
    for (const example of [...examples].sort((a, b) => a.tokens.length - b.tokens.length)) {
      shares[Math.floor((before / all) * shares.length)]!.push(example);
      before += positionsOf(example);
    }
    return shares.filter((share) => share.length > 0);
  }
}
