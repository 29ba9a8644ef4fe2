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
 * Several engines that each take their part of every batch, which is divided into shares of captions of like length:
 * losses and gradients of the shares add up to the whole batch's, however many engines there are. It pays where products
 * are too small to be divided among cores: engines run side by side, what a share's step makes stays in a core's cache,
 * and little of it is padding. Each engine holds the frozen weights for itself. The first one may block the calling
 * thread, so it begins last.
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
    const shares = this.sharesOf(examples);
    const begun: Promise<StepResult>[] = [];
    for (const { share, engine } of this.dealt(shares)) {
      begun[share] = this.sessions[engine]!.step(shares[share]!, { normalizer, dropoutSeed: dropoutSeed + share });
    }
    const [first, ...others] = (await Promise.all(begun)) as [StepResult, ...StepResult[]];
    for (const { gradients, giveBack } of others) {
      addGradients(first.gradients, gradients);
      giveBack?.();
    }
    return { ...first, loss: others.reduce((sum, { loss }) => sum + loss, first.loss) };
  }

  loss(examples: readonly CaptionExample[], normalizer: number): Promise<number> {
    return this.sessions[0]!.loss(examples, normalizer);
  }

  async release(): Promise<void> {
    await Promise.all(this.sessions.map((session) => session.release()));
  }

  /** The shares in the order in which they are begun: the largest first, each by the engine that has least to do. */
  private dealt(shares: readonly (readonly CaptionExample[])[]): { readonly share: number; readonly engine: number }[] {
    const sizes = shares.map((share) => share.length * (this.prefixLength + share.at(-1)!.tokens.length));
    const loads = this.sessions.map(() => 0);
    const leastLoaded = () => loads.indexOf(Math.min(...loads));
    const dealt = [...shares.keys()]
      .sort((a, b) => sizes[b]! - sizes[a]!)
      .map((share) => {
        const engine = leastLoaded();
        loads[engine]! += sizes[share]!;
        return { share, engine };
      });
    return dealt.sort((a, b) => Number(a.engine === 0) - Number(b.engine === 0));
  }

  /** By length, with about as many positions in each; none is empty. */
  private sharesOf(examples: readonly CaptionExample[]): CaptionExample[][] {
    const positionsOf = ({ tokens }: CaptionExample): number => this.prefixLength + tokens.length;
    const all = examples.reduce((sum, example) => sum + positionsOf(example), 0);
    const count = SHARES * Math.max(1, Math.round(all / (SHARES * POSITIONS)));
    const shares: CaptionExample[][] = Array.from({ length: count }, () => []);
    let before = 0;
    for (const example of [...examples].sort((a, b) => a.tokens.length - b.tokens.length)) {
      shares[Math.floor((before / all) * count)]!.push(example);
      before += positionsOf(example);
    }
    return shares.filter((share) => share.length > 0);
  }
}

/** A batch is divided into so many shares, or a multiple: two engines have as much to do each, and so have four; three do not. */
const SHARES = 4;
/** of an average share, about: of fewer, products are small; of more, what a step makes leaves the cache. */
const POSITIONS = 256;
