import {
  float32,
  GraphBuilder,
  op,
  type FloatValue,
  type GraphModel,
  type Int64Value,
  type WeightSource,
} from '@housestyle/graph';
import type {
  ClipConfig,
  ClipPreprocessing,
  ClipTextConfig,
  ClipTowerConfig,
  ClipVisionConfig,
} from './clip-config.js';
import { attention, layerNorm, linear, linears, precisionOf, reachOutputs, within, type Model } from './layers.js';
import type { PrecisionOptions } from './quantisation/precision.js';
import { bytePatchEmbedding, patchEmbedding, perSide } from './patch-embedding.js';
import { pixelBytes, pixelValues } from './pixel-values.js';

/**
 * CLIP with a Vision Transformer (arXiv 2103.00020) in the layout of Hugging Face's CLIPModel, any size.
 * B pictures or texts; n pixels on a side, in N = (n/p)² patches; T = N + 1 or a text's tokens; C channels; P = width of
 * the shared embedding space. Hidden states are kept as [B·T, C].
 */

function mlp(m: Model, x: FloatValue, key: string, config: ClipTowerConfig): FloatValue {
  const { hiddenSize: C, intermediateSize: I } = config;
  const hidden = linear(m, x, `${key}.fc1`, [I, C]); // [B·T, I]
  const active = config.activation === 'gelu' ? op.gelu(m.g, hidden) : op.quickGelu(m.g, hidden);
  return linear(m, within(m, active, hidden), `${key}.fc2`, [C, I]);
}

function selfAttention(m: Model, x: FloatValue, key: string, config: ClipTowerConfig, tokens: Tokens): FloatValue {
  const { hiddenSize: C, numHeads: H } = config;
  const layers = ['q_proj', 'k_proj', 'v_proj'].map((name) => ({ key: `${key}.${name}`, out: C }));
  const qkv = linears(m, x, layers, { input: C }) as [FloatValue, FloatValue, FloatValue];
  const context = attention(m, qkv, tokens.heads, { width: C, headWidth: C / H, ...tokens });
  return linear(m, within(m, context, qkv[2]), `${key}.out_proj`, [C, C]);
}

function encoderLayer(m: Model, x: FloatValue, key: string, config: ClipTowerConfig, tokens: Tokens): FloatValue {
  const { hiddenSize: C, layerNormEpsilon: eps } = config;
  const attended = selfAttention(m, layerNorm(m, x, `${key}.layer_norm1`, C, eps), `${key}.self_attn`, config, tokens);
  const y = op.add(m.g, x, attended);
  return op.add(m.g, y, mlp(m, layerNorm(m, y, `${key}.layer_norm2`, C, eps), `${key}.mlp`, config));
}

/** Every hidden state, the embeddings first: L + 1 of [B·T, C]. */
function encoder(m: Model, x: FloatValue, key: string, config: ClipTowerConfig, tokens: Tokens): FloatValue[] {
  const states = [x];
  for (let layer = 0; layer < config.numLayers; layer++) {
    states.push(encoderLayer(m, states[layer]!, `${key}.encoder.layers.${layer}`, config, tokens));
  }
  return states;
}

/** Patches [B, N, C] → [B·T, C]: the class token, then the patches row by row, each with its position. */
function visionEmbeddings(m: Model, patches: FloatValue, key: string, config: ClipVisionConfig): FloatValue {
  const { g, weights } = m;
  const { hiddenSize: C } = config;
  const N = perSide(config) ** 2;
  const classToken = op.reshape(g, g.weight(weights, `${key}.class_embedding`, [C]), [1, 1, C]);
  const perPicture = op.concat(g, [op.shape(g, patches, 0, 1), g.ints(1, C)], 0); // [B, 1, C]
  const tokens = op.concat(g, [op.expand(g, classToken, perPicture), patches], 1);
  const positions = g.weight(weights, `${key}.position_embedding.weight`, [N + 1, C]);
  return op.reshape(g, op.add(g, tokens, positions), [-1, C]);
}

/** ids [B, T] → [B·T, C] */
function textEmbeddings(m: Model, ids: Int64Value, key: string, config: ClipTextConfig): FloatValue {
  const { g, weights } = m;
  const { hiddenSize: C, vocabSize, contextLength } = config;
  const tokens = op.gather(g, g.weight(weights, `${key}.token_embedding.weight`, [vocabSize, C]), ids); // [B, T, C]
  const table = g.weight(weights, `${key}.position_embedding.weight`, [contextLength, C]);
  const positions = op.slice(g, table, 0, 0, op.shape(g, ids, 1, 2)); // [T, C]
  return op.reshape(g, op.add(g, tokens, positions), [-1, C]);
}

/** [T, T]: 0 where a token may look, as good as -∞ where the future is. */
function causalMask(g: GraphBuilder, ids: Int64Value, contextLength: number): FloatValue {
  const full = new Float32Array(contextLength ** 2);
  for (let row = 0; row < contextLength; row++)
    full.fill(HIDDEN, row * contextLength + row + 1, (row + 1) * contextLength);
  const T = op.shape(g, ids, 1, 2);
  const mask = g.constant<'float32'>(float32(full, [contextLength, contextLength]));
  return op.slice(g, op.slice(g, mask, 0, 0, T), 1, 0, T);
}

/** The image tower as part of a graph: its input `pixels` uint8 RGB [B, n, n, 3] → the embedding [B, P], not normalised. */
export function clipImageTower(
  m: Model,
  { vision: config, projectionDim: P }: Omit<ClipConfig, 'text'>,
  preprocessing: ClipPreprocessing,
): ImageTower {
  const { g } = m;
  const { hiddenSize: C, numHeads: H, layerNormEpsilon: eps } = config;
  const T = perSide(config) ** 2 + 1;
  const { quantised } = m;
  const bytes = pixelBytes(g, preprocessing);
  const pixels = pixelValues(g, bytes, preprocessing);
  const key = 'vision_model.embeddings';
  const patches = quantised
    ? bytePatchEmbedding(m, quantised, bytes, `${key}.patch_embedding`, config, preprocessing)
    : patchEmbedding(m, pixels, `${key}.patch_embedding`, config);
  const embedded = visionEmbeddings(m, patches, key, config);
  // The checkpoints' own spelling.
  const x = layerNorm(m, embedded, 'vision_model.pre_layrnorm', C, eps);
  const states = encoder(m, x, 'vision_model', config, { heads: g.ints(-1, T, H, C / H) });
  const perPicture = op.reshape(g, states.at(-1)!, [-1, T, C]);
  const pooled = op.reshape(g, op.slice(g, perPicture, 1, 0, 1), [-1, C]); // the class token: [B, C]
  const normed = layerNorm(m, pooled, 'vision_model.post_layernorm', C, eps);
  return { pixels, states, embedding: linear(m, normed, 'visual_projection', [P, C], { hasBias: false }) };
}

/**
 * The image tower: `pixels` uint8 RGB [B, n, n, 3] → `image_embeds` [B, P], not normalised. Traced, it also gives
 * `pixel_values` [B, 3, n, n] and `hidden_states.0` … `hidden_states.L` [B·T, C].
 * @throws DomainError `invalid_model` when the weights contradict the configuration.
 */
export function buildClipVision(
  config: Omit<ClipConfig, 'text'>,
  preprocessing: ClipPreprocessing,
  weights: WeightSource,
  { isTraced = false, isWatched = false, ...precision }: ImageTowerVariant & PrecisionOptions = {},
): GraphModel {
  const g = new GraphBuilder('clip-vision');
  const m: Model = { g, weights, ...precisionOf(g, weights, precision), ...(isWatched && { watch: reachOutputs(g) }) };
  const { pixels, states, embedding } = clipImageTower(m, config, preprocessing);
  const { imageSize: n, hiddenSize: C } = config.vision;
  g.output('image_embeds', embedding, ['B', config.projectionDim]);
  if (isTraced) {
    g.output('pixel_values', pixels, ['B', 3, n, n]);
    states.forEach((state, layer) => g.output(`hidden_states.${layer}`, state, ['B*T', C]));
  }
  return g.build();
}

/**
 * The text tower as part of a graph: its inputs `input_ids` [B, T], padded at the end with anything, and `pooled_rows`
 * [B], where in [B·T] each text is pooled → the embedding [B, P], not normalised. What follows the pooled token does not
 * reach it.
 */
export function clipTextTower(m: Model, { text: config, projectionDim: P }: Omit<ClipConfig, 'vision'>): FloatValue {
  const { g } = m;
  const { hiddenSize: C, numHeads: H, layerNormEpsilon: eps } = config;
  const ids = g.input('input_ids', 'int64', ['B', 'T']);
  const rows = g.input('pooled_rows', 'int64', ['B']);
  const heads = op.concat(g, [op.shape(g, ids), g.ints(H, C / H)], 0); // [B, T, H, D]
  const x = textEmbeddings(m, ids, 'text_model.embeddings', config);
  const states = encoder(m, x, 'text_model', config, { heads, mask: causalMask(g, ids, config.contextLength) });
  const normed = layerNorm(m, op.gather(g, states.at(-1)!, rows), 'text_model.final_layer_norm', C, eps); // [B, C]
  return linear(m, normed, 'text_projection', [P, C], { hasBias: false });
}

/**
 * The text tower: `input_ids` and `pooled_rows` as `clipTextTower` takes them → `text_embeds` [B, P], not normalised.
 * @throws DomainError `invalid_model` when the weights contradict the configuration.
 */
export function buildClipText(
  config: Omit<ClipConfig, 'vision'>,
  weights: WeightSource,
  { isForGpu = false }: Pick<PrecisionOptions, 'isForGpu'> = {},
): GraphModel {
  const g = new GraphBuilder('clip-text');
  g.output('text_embeds', clipTextTower({ g, weights, isForGpu }, config), ['B', config.projectionDim]);
  return g.build();
}

/** What the image tower gives besides. */
export interface ImageTowerVariant {
  /** whether it gives pixels and hidden states too. */
  readonly isTraced?: boolean;
  /** whether it has the outputs of `reachOutputs`. */
  readonly isWatched?: boolean;
}

export interface ImageTower {
  /** [B, 3, n, n], normalised. */
  readonly pixels: FloatValue;
  /** the embeddings and what each layer makes of them: [B·T, C] */
  readonly states: readonly FloatValue[];
  /** [B, P] */
  readonly embedding: FloatValue;
}

interface Tokens {
  /** the shape [B, T, H, D] */
  readonly heads: Int64Value;
  /** [T, T] */
  readonly mask?: FloatValue;
}

/** The least fp32 number, as the reference masks with. */
const HIDDEN = -3.4028234663852886e38;
