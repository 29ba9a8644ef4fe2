import { DomainError } from '@housestyle/domain';
import { ConfigFields } from './config-fields.js';

const ACTIVATIONS = ['gelu_new', 'gelu_pytorch_tanh', 'gelu'] as const;

/** A GPT-2's sizes, from Hugging Face's config.json. */
export interface Gpt2Config {
  /** V */
  readonly vocabSize: number;
  /** prefix and caption together never have more positions. */
  readonly numPositions: number;
  /** C */
  readonly width: number;
  readonly numLayers: number;
  /** H */
  readonly numHeads: number;
  /** width of the hidden layer of an MLP. */
  readonly innerWidth: number;
  readonly activation: (typeof ACTIVATIONS)[number];
  readonly layerNormEpsilon: number;
  /** what a layer's q·k is multiplied with. */
  readonly attentionScales: readonly number[];
  /** false: the head is `lm_head.weight` of its own, not the token table. */
  readonly isHeadTied: boolean;
}

/** @throws DomainError `invalid_model` when it is no GPT-2 this code knows. */
export function parseGpt2Config(json: unknown, label = 'gpt2/config.json'): Gpt2Config {
  const fields = new ConfigFields(label, json);
  const width = fields.size('n_embd');
  const numHeads = fields.size('n_head');
  const numLayers = fields.size('n_layer');
  if (width % numHeads !== 0) {
    throw new DomainError('invalid_model', `${label}: n_embd ${width} is not divisible by ${numHeads} heads`);
  }
  const scale = fields.boolean('scale_attn_weights', true) ? (width / numHeads) ** -0.5 : 1;
  const isScaledByLayer = fields.boolean('scale_attn_by_inverse_layer_idx', false);
  return {
    vocabSize: fields.size('vocab_size'),
    numPositions: fields.size('n_positions'),
    width,
    numLayers,
    numHeads,
    innerWidth: fields.size('n_inner', 4 * width),
    activation: fields.oneOf('activation_function', ACTIVATIONS, 'gelu_new'),
    layerNormEpsilon: fields.number('layer_norm_epsilon', 1e-5),
    attentionScales: Array.from({ length: numLayers }, (_, layer) => (isScaledByLayer ? scale / (layer + 1) : scale)),
    isHeadTied: fields.boolean('tie_word_embeddings', true),
  };
}
