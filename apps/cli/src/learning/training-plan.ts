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
  freshMapper,
  initialParameters,
  Random,
  type CaptionExample,
  type DropoutShares,
  type Parameters,
  type TrainingModel,
  type TrainingSettings,
} from '@housestyle/training';
import { endedCaptions, officialCaptions } from './caption-tokens.js';
import { OFFICIAL, settingsOf, tunesGpt2, updatesPerEpoch, type RecipeOptions } from './training-recipe.js';

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
  const parts = { mapper: 'full', decoder: tunesGpt2(options) ? 'full' : 'frozen' } as const;
  const parameters = initialParameters(model, parts, Random.of(options.seed, DELTAS));
  const tokenizer = new Gpt2Tokenizer(base.gpt2.tokenizer);
  const texts = features.captions.map(({ caption }) => tokenizer.encode(caption));
  const toLearn = options.official ? officialCaptions : endedCaptions;
  const { tokens, cut, stop, maxNewTokens } = toLearn(texts, tokenizer, gpt2.numPositions - mapper.prefixLength);
  const examples = features.captions.map(({ row }, n) => ({
    embedding: features.embeddings[row]!,
    tokens: tokens[n]!,
    weight: 1,
    ...(options.official && { ignoredTokenId: OFFICIAL.paddingTokenId }),
  }));
  const dropout = parts.decoder === 'full' ? dropoutOf(base) : undefined;
  return {
    model,
    parameters,
    examples,
    cut,
    settings: settingsOf(examples.length, gpt2.width, options),
    updatesPerEpoch: updatesPerEpoch(examples.length, options),
    ...(dropout && { dropout }),
    config: configOf(mapper, { num_beams: 5, max_new_tokens: maxNewTokens, stop: [stop] }),
  };
}

function mapperOf(base: BaseModelFiles, gpt2: Gpt2Config, options: RecipeOptions): MapperConfig {
  const isTransformer = options.mappingType === 'transformer';
  if (isTransformer && gpt2.width % NUM_HEADS !== 0) {
    throw new DomainError('invalid_request', `a transformer has ${NUM_HEADS} heads, and ${gpt2.width} is no multiple`);
  }
  const most = gpt2.numPositions - LEAST_WORDS;
  if (options.prefixLength > most) {
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

/** As GPT-2's own configuration has it; its library's default is a tenth. */
function dropoutOf({ gpt2 }: BaseModelFiles): DropoutShares {
  const fields = new ConfigFields('gpt2/config.json', gpt2.config);
  const [embedding, attention, residual] = ['embd_pdrop', 'attn_pdrop', 'resid_pdrop'].map((name) =>
    fields.number(name, 0.1),
  ) as [number, number, number];
  return { embedding, attention, residual };
}

const NUM_HEADS = 8;
/** Positions that are left to the words, at least. */
const LEAST_WORDS = 32;

/** The purposes of random streams. */
const [MAPPER, DELTAS] = [61, 62];
