import type { Features } from '@housestyle/checkpoints';
import {
  ConfigFields,
  Gpt2Tokenizer,
  parseGpt2Config,
  type BaseModelFiles,
  type Gpt2Config,
  type MapperConfig,
} from '@housestyle/clipcap';
import { DomainError } from '@housestyle/domain';
import {
  ADAMW_DEFAULTS,
  endedTokens,
  freshMapper,
  initialParameters,
  Random,
  stepsOfEpochs,
  type CaptionExample,
  type DropoutShares,
  type Parameters,
  type TrainingModel,
  type TrainingSettings,
} from '@housestyle/training';

/** What of `housestyle train` decides the result. */
export interface RecipeOptions {
  readonly mappingType: 'mlp' | 'transformer';
  readonly prefixLength: number;
  readonly clipLength: number;
  readonly numLayers: number;
  readonly tuneGpt2: boolean;
  readonly normalizePrefix: boolean;
  /** absent: `LEAST` */
  readonly epochs?: number;
  readonly batchSize: number;
  /** absent: `LEARNING_RATES` */
  readonly lr?: number;
  /** below 1 a share of the run, else updates. */
  readonly warmUp: number;
  readonly seed: number;
}

/** Rates that a few hundred captions are learned with; GPT-2, which can write already, moves more slowly. */
export const LEARNING_RATES = { mapper: 1e-3, gpt2: 1e-4 } as const;

/** Ten as in the official code, or as many as make some hundred updates. */
export const LEAST = { epochs: 10, updates: 300 } as const;

/** What is trained, from what start, on what and how. */
export interface TrainingPlan {
  readonly model: TrainingModel;
  readonly parameters: Parameters;
  readonly examples: readonly CaptionExample[];
  /** captions that had too many tokens. */
  readonly cut: number;
  readonly settings: TrainingSettings;
  /** updates that see every caption once. */
  readonly updatesPerEpoch: number;
  readonly dropout?: DropoutShares;
  /** the mapper's config.json. */
  readonly config: object;
}

/** @throws DomainError when the options or the features do not fit the base */
export function planTraining(base: BaseModelFiles, features: Features, options: RecipeOptions): TrainingPlan {
  const gpt2 = parseGpt2Config(base.gpt2.config);
  const mapper = mapperOf(base, gpt2, options);
  const model: TrainingModel = {
    mapper: { config: mapper, weights: freshMapper(mapper, Random.of(options.seed, MAPPER)) },
    gpt2: { config: gpt2, weights: base.gpt2.weights },
  };
  const parts = { mapper: 'full', decoder: options.tuneGpt2 ? 'full' : 'frozen' } as const;
  const parameters = initialParameters(model, parts, Random.of(options.seed, DELTAS));
  const tokenizer = new Gpt2Tokenizer(base.gpt2.tokenizer);
  const stopTokenId = tokenizer.endOfTextId;
  const maxTokens = gpt2.numPositions - mapper.prefixLength;
  const texts = features.captions.map(({ caption }) => tokenizer.encode(caption));
  const examples = features.captions.map(({ row }, n) => ({
    embedding: features.embeddings[row]!,
    tokens: endedTokens(texts[n]!, { stopTokenId, maxTokens }),
    weight: 1,
  }));
  const longest = Math.max(...examples.map(({ tokens }) => tokens.length));
  const maxNewTokens = Math.min(maxTokens, Math.max(MAX_NEW_TOKENS, Math.ceil(ROOM * longest)));
  const updatesPerEpoch = stepsOfEpochs(examples.length, 1, { batchSize: options.batchSize, accumulation: 1 });
  const dropout = options.tuneGpt2 ? dropoutOf(base) : undefined;
  return {
    model,
    parameters,
    examples,
    cut: texts.filter(({ length }) => length >= maxTokens).length,
    settings: settingsOf(updatesPerEpoch, options),
    updatesPerEpoch,
    ...(dropout && { dropout }),
    config: configOf(mapper, { num_beams: 5, max_new_tokens: maxNewTokens, stop: [stopTokenId] }),
  };
}

function mapperOf(base: BaseModelFiles, gpt2: Gpt2Config, options: RecipeOptions): MapperConfig {
  const isTransformer = options.mappingType === 'transformer';
  if (isTransformer && gpt2.width % NUM_HEADS !== 0) {
    throw new DomainError('invalid_request', `a transformer has ${NUM_HEADS} heads, and ${gpt2.width} is no multiple`);
  }
  if (options.prefixLength > gpt2.numPositions / 2) {
    const most = Math.floor(gpt2.numPositions / 2);
    throw new DomainError(
      'invalid_request',
      `this GPT-2 has ${gpt2.numPositions} positions: give a prefix of ≤ ${most}`,
    );
  }
  return {
    mappingType: options.mappingType,
    prefixSize: new ConfigFields('clip/config.json', base.clip.config).size('projection_dim', 512),
    prefixLength: options.prefixLength,
    decoderWidth: gpt2.width,
    clipLength: isTransformer ? options.clipLength : 0,
    numLayers: isTransformer ? options.numLayers : 0,
    numHeads: NUM_HEADS,
    isPrefixNormalized: options.normalizePrefix,
  };
}

const configOf = (mapper: MapperConfig, generation: object): object => ({
  mapping_type: mapper.mappingType,
  prefix_length: mapper.prefixLength,
  ...(mapper.mappingType === 'transformer' && {
    clip_length: mapper.clipLength,
    num_layers: mapper.numLayers,
    num_heads: mapper.numHeads,
  }),
  prefix_size: mapper.prefixSize,
  normalize_prefix: mapper.isPrefixNormalized,
  generation,
});

function settingsOf(updatesPerEpoch: number, options: RecipeOptions): TrainingSettings {
  const { epochs, batchSize, lr, warmUp, seed } = options;
  const steps = updatesPerEpoch * (epochs ?? Math.max(LEAST.epochs, Math.ceil(LEAST.updates / updatesPerEpoch)));
  const { mapper, gpt2 } = LEARNING_RATES;
  return {
    steps,
    batchSize,
    accumulation: 1,
    seed,
    learningRate: lr ?? ((name) => (name.startsWith('clip_project.') ? mapper : gpt2)),
    schedule: { warmupShare: warmUp < 1 ? warmUp : Math.min(1, warmUp / steps), decay: 'linear' },
    optimizer: { ...ADAMW_DEFAULTS, weightDecay: 0 },
    maxGradientNorm: 1,
  };
}

/** As GPT-2's own configuration has it; its library's default is a tenth. */
function dropoutOf({ gpt2 }: BaseModelFiles): DropoutShares {
  const fields = new ConfigFields('gpt2/config.json', gpt2.config);
  const [embedding, attention, residual] = ['embd_pdrop', 'attn_pdrop', 'resid_pdrop'].map((name) =>
    fields.number(name, 0.1),
  ) as [number, number, number];
  return { embedding, attention, residual };
}

const NUM_HEADS = 8;
const MAX_NEW_TOKENS = 67;
/** More than the longest caption: a few tokens of room. */
const ROOM = 1.25;

/** The purposes of random streams. */
const [MAPPER, DELTAS] = [61, 62];
