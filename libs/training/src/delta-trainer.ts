import {
  parseGpt2Config,
  parseMapperConfig,
  WORD_TABLE,
  type BaseModelFiles,
  type Gpt2Tokenizer,
  type MapperVersionFiles,
} from '@housestyle/clipcap';
import { MemoryWeights, type WeightSource } from '@housestyle/graph';
import type { AdaptationExample, AdaptationProgress } from './adaptation.js';
import { RECIPE, recipeSettings, type Diet } from './adaptation-recipe.js';
import { endedTokens, tokenWeight, type CaptionExample } from './caption-example.js';
import { initialParameters, type Parameters } from './parameters.js';
import { Random } from './random.js';
import { train } from './train.js';
import type { TrainingEngine, TrainingModel } from './training-engine.js';
import type { TrainingState } from './training-run.js';

/** How a delta is trained on some captions. */
export interface DeltaTraining {
  readonly examples: readonly CaptionExample[];
  /** of the base, retold in the tenant's words. */
  readonly replay: readonly CaptionExample[];
  readonly diet: Diet;
  readonly seed: number;
  readonly stage: string;
  readonly signal: AbortSignal;
  onProgress(progress: AdaptationProgress): void;
  /** Looks at the delta as it is, after each of these steps. */
  readonly every?: number;
  look?(step: number, delta: Parameters): Promise<void>;
  /** where an earlier start of the same training was when it last saved. */
  readonly resumeFrom?: TrainingState;
  save(state: TrainingState): Promise<void>;
}

/** Trains deltas of the decoder, the champion's mapper held. */
export class DeltaTrainer {
  readonly eosTokenId: number;
  private readonly maxTokens: number;
  private readonly start: MemoryWeights | undefined;

  private constructor(
    private readonly engine: TrainingEngine,
    private readonly model: TrainingModel,
    private readonly tokenizer: Gpt2Tokenizer,
    /** what the candidate keeps as it is. */
    private readonly held: MapperVersionFiles,
    championsDelta: WeightSource | undefined,
  ) {
    this.eosTokenId = tokenizer.endOfTextId;
    this.maxTokens = model.gpt2.config.numPositions - model.mapper.config.prefixLength;
    this.start = championsDelta && MemoryWeights.of(championsDelta);
  }

  static of(
    base: BaseModelFiles,
    engine: TrainingEngine,
    tokenizer: Gpt2Tokenizer,
    champion: MapperVersionFiles | undefined,
    startsFromChampion: boolean,
  ): DeltaTrainer {
    const gpt2 = parseGpt2Config(base.gpt2.config);
    const start = startsFromChampion ? champion : undefined;
    const mapper = start?.weights ? { config: start.config, weights: start.weights } : base.mapper;
    const config = parseMapperConfig(mapper.config, mapper.weights, {
      embeddingWidth: widthOf(base),
      decoderWidth: gpt2.width,
    });
    const model: TrainingModel = {
      mapper: { config, weights: mapper.weights },
      gpt2: { config: gpt2, weights: base.gpt2.weights },
      ...(start?.mapperDelta && { deltas: start.mapperDelta }),
    };
    const held: MapperVersionFiles = {
      config: mapper.config,
      ...(start?.weights && { weights: start.weights }),
      ...(start?.mapperDelta && { mapperDelta: start.mapperDelta }),
    };
    return new DeltaTrainer(engine, model, tokenizer, held, start?.decoderDelta);
  }

  example({ embedding, text, isCorrected }: AdaptationExample): CaptionExample {
    return this.caption(embedding, text, isCorrected ? 1 : RECIPE.acceptedWeight);
  }

  caption(embedding: Float32Array, text: string, weight: number): CaptionExample {
    const ending = { stopTokenId: this.eosTokenId, maxTokens: this.maxTokens };
    return { embedding, tokens: endedTokens(this.tokenizer.encode(text), ending), weight };
  }

  /** A delta that changes nothing yet, or the champion's. */
  initial(seed: number, words?: number): Parameters {
    const rankOf = (place: string) => this.start?.find(`${place}.A`)?.dims.at(-1);
    const lastLayer = `transformer.h.${this.model.gpt2.config.numLayers - 1}`; // a delta may lie on the upper ones alone
    const rank = Math.min(rankOf(`${lastLayer}.attn.c_attn`) ?? RECIPE.rank, RECIPE.rank);
    const wordRank = rankOf(WORD_TABLE) ?? words;
    const decoder = { rank, ...(wordRank !== undefined && { wordRank }) };
    return initialParameters(this.model, { mapper: 'frozen', decoder }, Random.of(seed, DELTA), this.start);
  }

  /** Nats a token that the model as it stands is off by: few captions at a time, for each token has a logit for every word. */
  async loss(examples: readonly CaptionExample[], seed: number, signal: AbortSignal): Promise<number> {
    const session = await this.engine.compile(this.model, this.initial(seed));
    const normalizer = tokenWeight(examples);
    let loss = 0;
    try {
      for (let from = 0; from < examples.length; from += MEASURED_AT_ONCE) {
        signal.throwIfAborted();
        loss += await session.loss(examples.slice(from, from + MEASURED_AT_ONCE), normalizer);
      }
      return loss;
    } finally {
      await session.release();
    }
  }

  /** @throws DomainError `training_diverged` */
  async train(job: DeltaTraining): Promise<Parameters> {
    const parameters = this.initial(job.seed, job.diet.wordRank);
    const session = await this.engine.compile(this.model, parameters);
    const noise = job.diet.embeddingNoise * deviation(job.examples);
    const settings = recipeSettings(job.diet, noise, job.seed);
    const perUpdate = Math.min(job.diet.replayPerUpdate, job.replay.length);
    try {
      await train({
        session,
        parameters,
        examples: job.examples,
        settings: perUpdate === 0 ? settings : { ...settings, replay: { examples: job.replay, perUpdate } },
        signal: job.signal,
        ...(job.resumeFrom && { resumeFrom: job.resumeFrom }),
        checkpoint: { everySteps: RECIPE.checkpointSteps, save: (state) => job.save(state) },
        onProgress: async ({ step, steps, loss }) => {
          job.onProgress({ step, steps, loss, stage: job.stage });
          if (job.every && step % job.every === 0) await job.look?.(step, parameters);
          await new Promise((resolve) => setImmediate(resolve)); // a signal shall be heard between steps
        },
      });
      return parameters;
    } finally {
      await session.release();
    }
  }

  /** The delta as a mapper version, `scale` of it laid over the champion's. */
  version(delta: Parameters, scale: number, maxNewTokens: number): MapperVersionFiles & { readonly config: object } {
    const scaled = scale === 1 ? delta : interpolated(delta, this.start, scale);
    const generation = { num_beams: 5, max_new_tokens: maxNewTokens, stop: [this.eosTokenId] };
    const config = { ...(this.held.config as object), generation };
    return { ...this.held, config, decoderDelta: new MemoryWeights('candidate', scaled) };
  }

  /** Tokens that leave room for a longer caption than any it learned. */
  roomFor(examples: readonly CaptionExample[]): number {
    const longest = Math.max(...examples.map(({ tokens }) => tokens.length));
    return Math.min(this.maxTokens, Math.ceil(ROOM * longest));
  }
}

const ROOM = 1.25;
const MEASURED_AT_ONCE = 32;

/** The purpose of a random stream. */
const DELTA = 41;

const widthOf = ({ clip }: BaseModelFiles): number => (clip.config as { projection_dim: number }).projection_dim;

/**
 * Between the start (nothing, or the champion's delta) and where training ended (arXiv 2109.01903). A delta from
 * nothing scales with B alone; from a champion's, both factors are interpolated.
 */
function interpolated(delta: Parameters, start: MemoryWeights | undefined, scale: number): Parameters {
  return new Map(
    [...delta].map(([name, tensor]) => {
      const from = start?.read(name);
      if (!from && name.endsWith('.A')) return [name, tensor];
      const data = tensor.data.map((value, n) => (from?.[n] ?? 0) + scale * (value - (from?.[n] ?? 0)));
      return [name, { ...tensor, data }];
    }),
  );
}

/** Of the embeddings' values about their means. */
function deviation(examples: readonly CaptionExample[]): number {
  const [count, width] = [examples.length, examples[0]!.embedding.length];
  let squares = 0;
  for (let i = 0; i < width; i++) {
    const mean = examples.reduce((sum, { embedding }) => sum + embedding[i]!, 0) / count;
    for (const { embedding } of examples) squares += (embedding[i]! - mean) ** 2;
  }
  return Math.sqrt(squares / (count * width));
}
