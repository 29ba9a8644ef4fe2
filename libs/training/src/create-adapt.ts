import { setMaxListeners } from 'node:events';
import { performance } from 'node:perf_hooks';
import {
  CaptionEngine,
  Gpt2Tokenizer,
  hasTextTower,
  parseGpt2Config,
  type BaseModelFiles,
  type MapperVersionFiles,
} from '@housestyle/clipcap';
import { DomainError } from '@housestyle/domain';
import { normalisedEditDistance } from '@housestyle/evaluation';
import { MemoryWeights, type GraphRunner } from '@housestyle/graph';
import type {
  Adapt,
  AdaptationExample,
  AdaptationHooks,
  AdaptationInput,
  AdaptationOutcome,
  AdaptedMapper,
} from './adaptation.js';
import { dietFor, divideReplay, RECIPE, type Diet } from './adaptation-recipe.js';
import type { CaptionExample } from './caption-example.js';
import { DeltaTrainer } from './delta-trainer.js';
import { foldsOf, splitOff } from './example-groups.js';
import { ClipContentJudge } from './gate/clip-content-judge.js';
import { WordContentJudge, type ContentJudge } from './gate/content-judge.js';
import type { GeneratedCaption } from './gate/caption-figures.js';
import { EngineWriter, type CaptionWriter, type ReplayedPicture } from './gate/caption-writer.js';
import { promotionReason } from './gate/gate-verdict.js';
import { PromotionGate } from './gate/promotion-gate.js';
import { ThreadedWriter, type CaptionThreads } from './gate/threaded-writer.js';
import { OnnxTrainingEngine } from './onnx-training-engine.js';
import { ParallelTrainingEngine } from './parallel-training-engine.js';
import type { Parameters } from './parameters.js';
import { Random } from './random.js';
import { chosenReplay, type RetoldPicture } from './replay-choice.js';
import { TenantWords } from './tenant-words.js';
import type { TrainingEngine } from './training-engine.js';
import type { TrainingState } from './training-run.js';

export interface AdaptDependencies {
  readonly base: BaseModelFiles;
  readonly runner: GraphRunner;
  /** pictures of the base with their captions: some are replayed, on the others content is judged. None: CLIP judges it, if it has a text tower. */
  readonly replay: readonly ReplayedPicture[];
  /** absent: the onnx engine on `runner`; of a narrow decoder, in shares that `parallelRunners` take part in. */
  readonly trainingEngine?: TrainingEngine;
  /** run beside `runner`, on cores of their own; none when absent. */
  readonly parallelRunners?: readonly GraphRunner[];
  /** opens threads that caption for as long as a run takes; absent, with a wide decoder or on a GPU: this thread captions, with `runner`. */
  readonly openCaptionThreads?: () => CaptionThreads;
}

/** The recipe and the gate as one function. Runs overlap only by taking turns: give each worker its own. */
export function createAdapt(dependencies: AdaptDependencies): Adapt {
  const { base, runner, openCaptionThreads } = dependencies;
  if (openCaptionThreads && isForThreads(base, runner)) {
    return untilStopped(async (input, hooks) => {
      setMaxListeners(0, hooks.signal); // every thread listens
      const threads = openCaptionThreads();
      try {
        await threads.ready();
        return await new Adaptation(dependencies, new ThreadedWriter(threads, hooks.signal), input, hooks).run();
      } finally {
        await threads.close();
      }
    });
  }
  const engine = CaptionEngine.load(base, runner, { isForEmbeddings: true });
  engine.catch(() => undefined); // whoever adapts hears of it
  return untilStopped(async (input, hooks) =>
    new Adaptation(dependencies, new EngineWriter(await engine, hooks.signal), input, hooks).run(),
  );
}

/** A run that is stopped fails with the reason why it was, whatever it was at. */
const untilStopped =
  (adapt: Adapt): Adapt =>
  async (input, hooks) => {
    const { signal } = hooks;
    signal.throwIfAborted();
    try {
      const outcome = await adapt(input, hooks);
      signal.throwIfAborted();
      return outcome;
    } catch (error) {
      throw signal.aborted ? signal.reason : error;
    }
  };

/** What the tenant's captions themselves chose. */
interface Plan {
  readonly diet: Diet;
  readonly scale: number;
}

interface Trained {
  readonly delta: Parameters;
  readonly plan: Plan;
}

/** The delta that told the captions set aside best. */
interface Best {
  readonly step: number;
  readonly distance: number;
  readonly delta: Parameters;
}

/** A training that is not done, as it was when it last saved. */
interface Unfinished {
  readonly state: TrainingState;
  readonly best?: Best;
  readonly curve: AdaptationOutcome['curve'];
  /** since the run began */
  readonly seconds: number;
}

class Adaptation {
  private begun = performance.now();
  private readonly tokenizer: Gpt2Tokenizer;
  private readonly trainer: DeltaTrainer;
  private readonly contentJudge: ContentJudge;
  private readonly gate: PromotionGate;
  private readonly words: TenantWords;
  /** of the candidate's last training. */
  private curve: { step: number; loss: number }[] = [];
  private readonly isCrossValidated: boolean;

  constructor(
    {
      base,
      runner,
      replay,
      parallelRunners = [],
      trainingEngine = engineFor(base, runner, parallelRunners),
    }: AdaptDependencies,
    private readonly writer: CaptionWriter,
    private readonly input: AdaptationInput,
    private readonly hooks: AdaptationHooks,
  ) {
    this.tokenizer = new Gpt2Tokenizer(base.gpt2.tokenizer);
    const { champion, mayStartFromChampion, holdOut } = input;
    this.trainer = DeltaTrainer.of(base, trainingEngine, this.tokenizer, champion, mayStartFromChampion);
    const { replayed, slice } = divideReplay(replay);
    this.contentJudge =
      slice.length === 0 && hasTextTower(base.clip)
        ? new ClipContentJudge(base.clip, runner, hooks.signal)
        : new WordContentJudge(writer, slice);
    this.gate = new PromotionGate(slice);
    this.words = new TenantWords(writer, replayed);
    this.isCrossValidated = holdOut.length < RECIPE.leastHoldOut;
  }

  async run(): Promise<AdaptationOutcome> {
    const { training, holdOut, seed } = this.input;
    const champion = this.rival();
    const all = [...training, ...holdOut];
    const [learnable, judged] = this.isCrossValidated ? [all, all] : [training, holdOut];
    if (new Set(learnable.map(({ imageKey }) => imageKey)).size < RECIPE.leastPictures) {
      throw new DomainError('invalid_request', `learning takes captions of ${RECIPE.leastPictures} pictures`);
    }
    await this.words.hear([...new Set([...learnable, ...judged])]);
    const before = await this.writer.write(
      champion,
      judged.map(({ embedding }) => embedding),
    );
    const { curve, seconds, ...trained } = await this.kept('candidate', async () => ({
      ...(await this.trainOn(learnable)),
      curve: this.curve,
      seconds: this.elapsed(),
    }));
    const trainedAt = this.elapsed();
    const version = this.versionOf(trained, learnable);
    const own = await this.writer.write(
      version,
      judged.map(({ embedding }) => embedding),
    );
    const after = this.isCrossValidated ? await this.crossValidated(learnable, trained.plan) : own;
    const contest = { examples: judged, champion: before, candidate: after, ...(this.isCrossValidated && { own }) };
    const asked = this.words.asked(learnable, judged);
    const content = await this.contentJudge.content({ champion, candidate: version, asked, contest, seed });
    const tokensOf = (text: string) => this.tokenizer.encode(text).length;
    const { figures, refusals } = this.gate.judge(contest, content, tokensOf, seed);
    return {
      decision: refusals.length === 0 ? 'promote' : 'refuse',
      reason: refusals.length === 0 ? promotionReason(figures) : refusals.join(', '),
      figures,
      curve,
      examples: judged.map(({ id, text }, n) => ({
        id,
        reference: text,
        before: before[n]!.text,
        after: after[n]!.text,
      })),
      candidate: adaptedMapper(version),
      trainableParameters: [...trained.delta.values()].reduce((sum, { data }) => sum + data.length, 0),
      seconds: seconds + this.elapsed() - trainedAt,
    };
  }

  /**
   * What the candidate must beat. A champion that may not be started from knows captions that cross-validation keeps from
   * each fold: beside it none could be better, and what was erased would write on. So it must be better than the base.
   */
  private rival(): MapperVersionFiles | undefined {
    const { champion, mayStartFromChampion } = this.input;
    return this.isCrossValidated && !mayStartFromChampion ? undefined : champion;
  }

  private async trainOn(examples: readonly AdaptationExample[]): Promise<Trained> {
    const loss = await this.trainer.loss(
      examples.map((example) => this.trainer.example(example)),
      this.input.seed,
      this.hooks.signal,
    );
    const retold = this.words.retell(examples, this.input.seed);
    const isFamiliar = loss < RECIPE.familiarLoss;
    const diet = dietFor(examples.length, retold.length, this.words.replayed.length, isFamiliar);
    return diet.isWellFed ? this.trainWellFed(examples, this.chosen(retold), diet) : this.trainUnderfed(examples, diet);
  }

  /**
   * To its end, for what it learns from the retold pictures grows to the last update. How much of the delta to keep is
   * chosen on captions set aside, if there are enough to set any aside. The language is learned from all of them, for
   * among few captions each may decide how a word is told.
   */
  private async trainWellFed(
    examples: readonly AdaptationExample[],
    replay: readonly CaptionExample[],
    diet: Diet,
  ): Promise<Trained> {
    if (this.isCrossValidated) {
      const { delta } = await this.trainDelta(examples, replay, diet, 'training');
      return { delta, plan: { diet, scale: 1 } };
    }
    const { kept, taken } = this.setAside(examples);
    const { delta } = await this.trainDelta(kept, replay, diet, 'training');
    return { delta, plan: { diet, scale: await this.bestScale(delta, diet, examples, taken) } };
  }

  /** Finds out where captions set aside are told best, and is then repeated so long with all captions. */
  private async trainUnderfed(examples: readonly AdaptationExample[], diet: Diet): Promise<Trained> {
    const { kept, taken } = this.setAside(examples);
    const { best } = await this.trainDelta(kept, this.replayFor(kept), diet, 'choosing', (delta) =>
      this.distance({ delta, plan: { diet, scale: 1 } }, examples, taken),
    );
    const scale = await this.bestScale(best!.delta, diet, examples, taken);
    const plan = { diet: { ...diet, steps: best!.step }, scale };
    const { delta } = await this.trainDelta(examples, this.replayFor(examples), plan.diet, 'training');
    return { delta, plan };
  }

  private setAside(examples: readonly AdaptationExample[]) {
    const { share, least, most } = RECIPE.validation;
    const wanted = Math.min(most, Math.max(least, Math.round(share * examples.length)));
    return splitOff(examples, wanted, this.input.seed);
  }

  private async bestScale(
    delta: Parameters,
    diet: Diet,
    examples: readonly AdaptationExample[],
    taken: readonly AdaptationExample[],
  ): Promise<number> {
    const distanceAt = (scale: number) => this.distance({ delta, plan: { diet, scale } }, examples, taken);
    const whole = await distanceAt(1);
    let best = 1;
    for (const scale of RECIPE.scales.filter((value) => value !== 1)) {
      if ((await distanceAt(scale)) < whole - RECIPE.scaleGain) best = scale;
    }
    return best;
  }

  /** Folds learn for a shorter time than the candidate, which can but be better. */
  private async crossValidated(examples: readonly AdaptationExample[], plan: Plan): Promise<GeneratedCaption[]> {
    const diet = { ...plan.diet, steps: Math.min(plan.diet.steps, RECIPE.foldSteps) };
    const captions = new Map<AdaptationExample, GeneratedCaption>();
    for (const [n, fold] of foldsOf(examples, RECIPE.folds, this.input.seed).entries()) {
      const held = new Set(fold);
      const others = examples.filter((example) => !held.has(example));
      const { delta } = await this.kept(`fold ${n}`, () =>
        this.trainDelta(others, this.replayFor(others), diet, `fold ${n + 1}`),
      );
      const version = this.versionOf({ delta, plan }, examples);
      const written = await this.writer.write(
        version,
        fold.map(({ embedding }) => embedding),
      );
      fold.forEach((example, at) => captions.set(example, written[at]!));
    }
    return examples.map((example) => captions.get(example)!);
  }

  /** From its last checkpoint on. @returns the best delta besides, where `distanceOf` tells which that is */
  private async trainDelta(
    examples: readonly AdaptationExample[],
    replay: readonly CaptionExample[],
    diet: Diet,
    stage: string,
    distanceOf?: (delta: Parameters) => Promise<number>,
  ): Promise<{ readonly delta: Parameters; readonly best?: Best }> {
    const { checkpoint, signal } = this.hooks;
    const name = `${stage}.unfinished`;
    const isOfCandidate = !stage.startsWith('fold');
    const unfinished = await checkpoint.load<Unfinished>(name);
    if (unfinished) this.begun = performance.now() - 1000 * unfinished.seconds;
    if (isOfCandidate) this.curve = [...(unfinished?.curve ?? [])];
    let best = unfinished?.best;
    const delta = await this.trainer.train({
      examples: examples.map((example) => this.trainer.example(example)),
      replay,
      diet,
      seed: this.input.seed,
      stage,
      signal,
      onProgress: (progress) => {
        if (isOfCandidate) this.curve.push({ step: progress.step, loss: progress.loss });
        this.hooks.onProgress(progress);
      },
      ...(distanceOf && {
        every: Math.max(1, Math.floor(diet.steps / RECIPE.validations)),
        look: async (step, delta) => {
          const distance = await distanceOf(delta);
          if (!best || distance <= best.distance) best = { step, distance, delta: copied(delta) };
        },
      }),
      ...(unfinished && { resumeFrom: unfinished.state }),
      save: (state) => {
        const saved: Unfinished = { state, ...(best && { best }), curve: this.curve, seconds: this.elapsed() };
        return checkpoint.save(name, saved);
      },
    });
    return { delta, ...(best && { best }) };
  }

  /** What a run replays that learns the language of these captions. */
  private replayFor(examples: readonly AdaptationExample[]): CaptionExample[] {
    return this.chosen(this.words.retell(examples, this.input.seed));
  }

  private chosen(retold: readonly RetoldPicture[]): CaptionExample[] {
    return chosenReplay(retold, Random.of(this.input.seed, REPLAYED)).map(({ embedding, text }) =>
      this.trainer.caption(embedding, text, 1),
    );
  }

  private versionOf({ delta, plan }: Trained, examples: readonly AdaptationExample[]) {
    const room = this.trainer.roomFor(examples.map((example) => this.trainer.example(example)));
    return this.trainer.version(delta, plan.scale, room);
  }

  private async distance(trained: Trained, room: readonly AdaptationExample[], taken: readonly AdaptationExample[]) {
    const captions = await this.writer.write(
      this.versionOf(trained, room),
      taken.map(({ embedding }) => embedding),
    );
    return taken.reduce((sum, { text }, n) => sum + normalisedEditDistance(captions[n]!.text, text), 0) / taken.length;
  }

  /** Seconds since the run began, without those that were lost between a checkpoint and the next start. */
  private elapsed(): number {
    return (performance.now() - this.begun) / 1000;
  }

  /** A stage's result: what an earlier start of this run saved, or made now. */
  private async kept<Value>(name: string, make: () => Promise<Value>): Promise<Value> {
    const saved = await this.hooks.checkpoint.load<Value>(name);
    if (saved !== undefined) return saved;
    const made = await make();
    await this.hooks.checkpoint.save(name, made);
    return made;
  }
}

function engineFor(base: BaseModelFiles, runner: GraphRunner, others: readonly GraphRunner[]): TrainingEngine {
  if (!isForThreads(base, runner)) return new OnnxTrainingEngine(runner);
  const onOneCore = (each: GraphRunner) => new OnnxTrainingEngine(each, { threads: 1 });
  return new ParallelTrainingEngine([onOneCore(runner), ...others.map(onOneCore)]);
}

/** The purpose of a random stream. */
const REPLAYED = 42;

/** Cores share the products of wider decoders well, and a copy of their weights for each would take memory. */
const isForThreads = (base: BaseModelFiles, { isGpu }: GraphRunner): boolean =>
  !isGpu && parseGpt2Config(base.gpt2.config).width < SHARED_WIDTH;
const SHARED_WIDTH = 512;

const copied = (delta: Parameters): Parameters =>
  new Map([...delta].map(([name, tensor]) => [name, { ...tensor, data: tensor.data.slice() }]));

function adaptedMapper({ config, weights, mapperDelta, decoderDelta }: MapperVersionFiles): AdaptedMapper {
  return {
    config: config as object,
    ...(weights && { tensors: MemoryWeights.of(weights).tensors }),
    ...(mapperDelta && { mapperDelta: MemoryWeights.of(mapperDelta).tensors }),
    ...(decoderDelta && { decoderDelta: MemoryWeights.of(decoderDelta).tensors }),
  };
}
