import { performance } from 'node:perf_hooks';
import { CaptionEngine, Gpt2Tokenizer, type BaseModelFiles, type MapperVersionFiles } from '@housestyle/clipcap';
import { DomainError } from '@housestyle/domain';
import { normalisedEditDistance } from '@housestyle/evaluation';
import { readWeight, requireWeight, type GraphRunner, type WeightSource } from '@housestyle/graph';
import type {
  Adapt,
  AdaptationExample,
  AdaptationHooks,
  AdaptationInput,
  AdaptationOutcome,
  AdaptedMapper,
} from './adaptation.js';
import { RECIPE, stepsFor } from './adaptation-recipe.js';
import { DeltaTrainer } from './delta-trainer.js';
import { foldsOf, splitOff } from './example-groups.js';
import { WordContentJudge, type ContentJudge } from './gate/content-judge.js';
import type { GeneratedCaption } from './gate/caption-figures.js';
import { PromotionGate, type ReplayedPicture } from './gate/promotion-gate.js';
import { OnnxTrainingEngine } from './onnx-training-engine.js';
import type { Parameters } from './parameters.js';
import { Random } from './random.js';
import { learnLexicon, retell, type ToldTwice } from './retelling.js';
import type { TrainingEngine } from './training-engine.js';

export interface AdaptDependencies {
  readonly base: BaseModelFiles;
  readonly runner: GraphRunner;
  /** pictures of the base with their captions: some are replayed, on the others content is judged. */
  readonly replay: readonly ReplayedPicture[];
  /** absent: by words. */
  readonly contentJudge?: ContentJudge;
  /** absent: the onnx engine on `runner`. */
  readonly trainingEngine?: TrainingEngine;
}

/** The recipe and the gate as one function. Runs overlap only by taking turns: give each worker its own. */
export function createAdapt(dependencies: AdaptDependencies): Adapt {
  const engine = CaptionEngine.load(dependencies.base, dependencies.runner);
  engine.catch(() => undefined); // whoever adapts hears of it
  return async (input, hooks) => new Adaptation(dependencies, await engine, input, hooks).run();
}

/** What the tenant's captions themselves chose. */
interface Plan {
  readonly learningRate: number;
  readonly steps: number;
  readonly scale: number;
}

interface Trained {
  readonly delta: Parameters;
  readonly plan: Plan;
}

class Adaptation {
  private readonly begun = performance.now();
  private readonly tokenizer: Gpt2Tokenizer;
  private readonly trainer: DeltaTrainer;
  private readonly gate: PromotionGate;
  private readonly replayed: readonly ReplayedPicture[];
  private readonly curve: { step: number; loss: number }[] = [];
  private neutral = new Map<AdaptationExample, string>();
  private readonly isCrossValidated: boolean;

  constructor(
    {
      base,
      runner,
      replay,
      contentJudge = new WordContentJudge(),
      trainingEngine = new OnnxTrainingEngine(runner),
    }: AdaptDependencies,
    engine: CaptionEngine,
    private readonly input: AdaptationInput,
    private readonly hooks: AdaptationHooks,
  ) {
    this.tokenizer = new Gpt2Tokenizer(base.gpt2.tokenizer);
    const { champion, mayStartFromChampion, holdOut } = input;
    this.trainer = DeltaTrainer.of(base, trainingEngine, this.tokenizer, champion, mayStartFromChampion);
    const sliceFrom = Math.round(replay.length * RECIPE.replayShare);
    this.replayed = replay.slice(0, sliceFrom);
    this.gate = new PromotionGate(engine, contentJudge, replay.slice(sliceFrom));
    this.isCrossValidated = holdOut.length < RECIPE.leastHoldOut;
  }

  async run(): Promise<AdaptationOutcome> {
    const { training, holdOut, champion, seed } = this.input;
    const [learnable, judged] = this.isCrossValidated
      ? [
          [...training, ...holdOut],
          [...training, ...holdOut],
        ]
      : [training, holdOut];
    if (new Set(learnable.map(({ imageKey }) => imageKey)).size < RECIPE.leastPictures) {
      throw new DomainError('invalid_request', `learning takes captions of ${RECIPE.leastPictures} pictures`);
    }
    const told = await this.gate.captions(
      undefined,
      learnable.map(({ embedding }) => embedding),
    );
    this.neutral = new Map(learnable.map((example, n) => [example, told[n]!.text]));
    const before = await this.gate.captions(
      champion,
      judged.map(({ embedding }) => embedding),
    );
    const trained = await this.kept('candidate', () => this.trainOn(learnable));
    const version = this.versionOf(trained, learnable);
    const after = this.isCrossValidated
      ? await this.crossValidated(learnable, trained.plan)
      : await this.gate.captions(
          version,
          judged.map(({ embedding }) => embedding),
        );
    const content = await this.gate.content(champion, version, learnLexicon(this.pairs(learnable)));
    const contest = { examples: judged, champion: before, candidate: after, isCrossValidated: this.isCrossValidated };
    const tokensOf = (text: string) => this.tokenizer.encode(text).length;
    const { figures, refusals } = this.gate.judge(contest, content, tokensOf, seed);
    return {
      decision: refusals.length === 0 ? 'promote' : 'refuse',
      reason: refusals.length === 0 ? 'better' : refusals.join(', '),
      figures,
      curve: this.curve,
      examples: judged.map(({ id, text }, n) => ({
        id,
        reference: text,
        before: before[n]!.text,
        after: after[n]!.text,
      })),
      candidate: adaptedMapper(version),
      trainableParameters: [...trained.delta.values()].reduce((sum, { data }) => sum + data.length, 0),
      seconds: (performance.now() - this.begun) / 1000,
    };
  }

  /** Chooses rate, steps and scale on captions set aside, then, of few captions, trains on all of them so. */
  private async trainOn(examples: readonly AdaptationExample[]): Promise<Trained> {
    const { share, least, most } = RECIPE.validation;
    const wanted = Math.min(most, Math.max(least, Math.round(share * examples.length)));
    const { kept, taken } = splitOff(examples, wanted, this.input.seed);
    const asTokens = taken.map((example) => this.trainer.example(example));
    const loss = await this.trainer.loss(asTokens, this.input.seed);
    const { familiar, unfamiliar } = RECIPE.learningRate;
    const learningRate = loss < RECIPE.familiarLoss ? familiar : unfamiliar;
    const steps = stepsFor(examples.length);
    let best: { step: number; distance: number; delta: Parameters } | undefined;
    await this.trainDelta(kept, { learningRate, steps, scale: 1 }, 'choosing', async (step, delta) => {
      const distance = await this.distance({ delta, plan: { learningRate, steps, scale: 1 } }, examples, taken);
      if (!best || distance <= best.distance) best = { step, distance, delta: copied(delta) };
    });
    const chosen = best!;
    let scale = 1;
    for (const other of RECIPE.scales.filter((value) => value !== 1)) {
      const plan = { learningRate, steps, scale: other };
      const distance = await this.distance({ delta: chosen.delta, plan }, examples, taken);
      if (distance <= chosen.distance + RECIPE.scaleTolerance) scale = other;
    }
    const plan = { learningRate, steps: chosen.step, scale };
    const isWellFed = taken.length / examples.length <= share / 2;
    if (isWellFed) return { delta: chosen.delta, plan };
    return { delta: await this.trainDelta(examples, plan, 'training'), plan };
  }

  private async crossValidated(examples: readonly AdaptationExample[], plan: Plan): Promise<GeneratedCaption[]> {
    const captions = new Map<AdaptationExample, GeneratedCaption>();
    for (const [n, fold] of foldsOf(examples, RECIPE.folds, this.input.seed).entries()) {
      const held = new Set(fold);
      const others = examples.filter((example) => !held.has(example));
      const delta = await this.kept(`fold ${n}`, () => this.trainDelta(others, plan, `fold ${n + 1}`));
      const version = this.versionOf({ delta, plan }, examples);
      const written = await this.gate.captions(
        version,
        fold.map(({ embedding }) => embedding),
      );
      fold.forEach((example, at) => captions.set(example, written[at]!));
    }
    return examples.map((example) => captions.get(example)!);
  }

  private trainDelta(
    examples: readonly AdaptationExample[],
    { steps, learningRate }: Plan,
    stage: string,
    look?: (step: number, delta: Parameters) => Promise<void>,
  ): Promise<Parameters> {
    const { seed } = this.input;
    const { signal } = this.hooks;
    const every = Math.max(1, Math.floor(steps / RECIPE.validations));
    return this.trainer.train({
      examples: examples.map((example) => this.trainer.example(example)),
      replay: this.retold(examples),
      steps,
      learningRate,
      seed,
      stage,
      signal,
      onProgress: (progress) => {
        if (stage === 'choosing') this.curve.push({ step: progress.step, loss: progress.loss });
        this.hooks.onProgress(progress);
      },
      ...(look && { every, look }),
    });
  }

  /** The base's pictures in the words of these captions alone. */
  private retold(examples: readonly AdaptationExample[]) {
    const pairs = this.pairs(examples);
    const random = Random.of(this.input.seed, RETELLING);
    const captions = this.replayed.map(({ caption }) => caption);
    const texts = retell(captions, pairs, learnLexicon(pairs), (options) => random.pick(options));
    return texts.flatMap((text, n) =>
      text === undefined ? [] : this.trainer.caption(this.replayed[n]!.embedding, text, 1),
    );
  }

  private pairs(examples: readonly AdaptationExample[]): ToldTwice[] {
    return examples.map((example) => ({ neutral: this.neutral.get(example)!, styled: example.text }));
  }

  private versionOf({ delta, plan }: Trained, examples: readonly AdaptationExample[]) {
    const room = this.trainer.roomFor(examples.map((example) => this.trainer.example(example)));
    return this.trainer.version(delta, plan.scale, room);
  }

  private async distance(trained: Trained, room: readonly AdaptationExample[], taken: readonly AdaptationExample[]) {
    const captions = await this.gate.captions(
      this.versionOf(trained, room),
      taken.map(({ embedding }) => embedding),
    );
    return taken.reduce((sum, { text }, n) => sum + normalisedEditDistance(captions[n]!.text, text), 0) / taken.length;
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

/** The purpose of a random stream. */
const RETELLING = 51;

const copied = (delta: Parameters): Parameters =>
  new Map([...delta].map(([name, tensor]) => [name, { ...tensor, data: tensor.data.slice() }]));

function adaptedMapper({ config, weights, mapperDelta, decoderDelta }: MapperVersionFiles): AdaptedMapper {
  return {
    config: config as object,
    ...(weights && { tensors: tensorsOf(weights) }),
    ...(mapperDelta && { mapperDelta: tensorsOf(mapperDelta) }),
    ...(decoderDelta && { decoderDelta: tensorsOf(decoderDelta) }),
  };
}

const tensorsOf = (source: WeightSource) =>
  new Map(
    source.names().map((name) => {
      const { dims } = requireWeight(source, name);
      return [name, { type: 'float32' as const, dims, data: readWeight(source, name) }] as const;
    }),
  );
