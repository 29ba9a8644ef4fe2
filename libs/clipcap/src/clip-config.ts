import { DomainError } from '@housestyle/domain';
import { ConfigFields } from './config-fields.js';

/** The sizes of a transformer tower. */
export interface ClipTowerConfig {
  /** C */
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  /** L */
  readonly numLayers: number;
  /** H */
  readonly numHeads: number;
  readonly activation: ClipActivation;
  readonly layerNormEpsilon: number;
}

export interface ClipVisionConfig extends ClipTowerConfig {
  /** n: pixels on a side. */
  readonly imageSize: number;
  /** p: pixels on a side. */
  readonly patchSize: number;
}

export interface ClipTextConfig extends ClipTowerConfig {
  readonly vocabSize: number;
  /** most tokens of a text, its two end marks included. */
  readonly contextLength: number;
  readonly eosTokenId: number;
}

/** HF's CLIPModel configuration; what it leaves out has the library's defaults (ViT-B/32). */
export interface ClipConfig {
  /** P: width of both towers' embeddings. */
  readonly projectionDim: number;
  readonly vision: ClipVisionConfig;
  readonly text: ClipTextConfig;
}

/** From uint8 RGB to the floats that the vision tower was trained on, and how pictures come to its size. */
export interface ClipPreprocessing {
  /** the shorter side is resized to this, bicubic as PIL does it. */
  readonly resizeTo: number;
  /** then the centre square of this side is cut out. */
  readonly cropTo: number;
  readonly rescaleFactor: number;
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}

export const CLIP_ACTIVATIONS = ['quick_gelu', 'gelu'] as const;
export type ClipActivation = (typeof CLIP_ACTIVATIONS)[number];

/** @throws DomainError `invalid_model` */
export function parseClipConfig(json: unknown, label = 'clip/config.json'): ClipConfig {
  const root = new ConfigFields(label, json);
  const vision = root.object('vision_config', {});
  const text = root.object('text_config', {});
  const config: ClipConfig = {
    projectionDim: root.size('projection_dim', 512),
    vision: {
      ...parseTower(vision, { hiddenSize: 768, intermediateSize: 3072, numHeads: 12 }),
      imageSize: vision.size('image_size', 224),
      patchSize: vision.size('patch_size', 32),
    },
    text: {
      ...parseTower(text, { hiddenSize: 512, intermediateSize: 2048, numHeads: 8 }),
      vocabSize: text.size('vocab_size', 49408),
      contextLength: text.size('max_position_embeddings', 77),
      eosTokenId: text.number('eos_token_id', 49407),
    },
  };
  if (config.vision.imageSize < config.vision.patchSize) {
    throw new DomainError('invalid_model', `${label}: a patch is larger than the image`);
  }
  return config;
}

/** @throws DomainError `invalid_model`, also for pictures of another size than the tower's. */
export function parseClipPreprocessing(
  json: unknown,
  imageSize: number,
  label = 'clip/preprocessor_config.json',
): ClipPreprocessing {
  const root = new ConfigFields(label, json);
  const cropTo = side(root, 'crop_size', ['height', 'width'], imageSize);
  const resizeTo = side(root, 'size', ['shortest_edge'], cropTo);
  if (cropTo !== imageSize || resizeTo < cropTo) {
    throw new DomainError(
      'invalid_model',
      `${label}: resize ${resizeTo}, crop ${cropTo}, but the model sees ${imageSize}`,
    );
  }
  if (root.number('resample', PIL_BICUBIC) !== PIL_BICUBIC) {
    throw new DomainError('invalid_model', `${label}: only bicubic resampling (${PIL_BICUBIC}) is supported`);
  }
  const isNormalized = root.boolean('do_normalize', true);
  return {
    resizeTo,
    cropTo,
    rescaleFactor: root.boolean('do_rescale', true) ? root.number('rescale_factor', 1 / 255) : 1,
    mean: isNormalized ? channels(root, 'image_mean', OPENAI_MEAN) : [0, 0, 0],
    std: isNormalized ? channels(root, 'image_std', OPENAI_STD) : [1, 1, 1],
  };
}

const PIL_BICUBIC = 3;
export const OPENAI_MEAN = [0.48145466, 0.4578275, 0.40821073] as const;
export const OPENAI_STD = [0.26862954, 0.26130258, 0.27577711] as const;

function parseTower(
  fields: ConfigFields,
  defaults: Pick<ClipTowerConfig, 'hiddenSize' | 'intermediateSize' | 'numHeads'>,
): ClipTowerConfig {
  const tower: ClipTowerConfig = {
    hiddenSize: fields.size('hidden_size', defaults.hiddenSize),
    intermediateSize: fields.size('intermediate_size', defaults.intermediateSize),
    numLayers: fields.size('num_hidden_layers', 12),
    numHeads: fields.size('num_attention_heads', defaults.numHeads),
    activation: fields.oneOf('hidden_act', CLIP_ACTIVATIONS, 'quick_gelu'),
    layerNormEpsilon: fields.number('layer_norm_eps', 1e-5),
  };
  if (tower.hiddenSize % tower.numHeads !== 0) {
    throw new DomainError(
      'invalid_model',
      `${fields.label}: ${tower.hiddenSize} is not divisible by ${tower.numHeads} heads`,
    );
  }
  return tower;
}

/** A square's side, written as one number or as an object whose `keys` all say the same. */
function side(root: ConfigFields, name: string, keys: readonly string[], absent: number): number {
  if (!root.has(name)) return absent;
  const isNumber = root.entries().some(([key, value]) => key === name && typeof value === 'number');
  if (isNumber) return root.size(name);
  const sizes = keys.map((key) => root.object(name).size(key));
  if (new Set(sizes).size !== 1) throw new DomainError('invalid_model', `${root.label}: ${name} is not square`);
  return sizes[0]!;
}

function channels(root: ConfigFields, name: string, absent: readonly number[]): [number, number, number] {
  const [red, green, blue, ...others] = root.numbers(name, absent);
  if (red === undefined || green === undefined || blue === undefined || others.length > 0) {
    throw new DomainError('invalid_model', `${root.label}: ${name} must have three values`);
  }
  return [red, green, blue];
}
