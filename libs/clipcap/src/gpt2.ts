import {
  GraphBuilder,
  once,
  op,
  type FloatValue,
  type GraphModel,
  type Int64Value,
  type Value,
  type WeightSource,
} from '@housestyle/graph';
import { deltaInputs } from './deltas/delta-inputs.js';
import type { Linears } from './deltas/low-rank-delta.js';
import { wordDeltaInputs } from './deltas/word-delta-inputs.js';
import type { Gpt2Config } from './gpt2-config.js';
import { conv1d, gpt2Mlp, headKey, headParts, lookUp, WORD_TABLE } from './gpt2-layers.js';
import { layerNorm, likeliest, precisionOf, reachOutputs, scores, within, type Model } from './layers.js';
import type { PrecisionOptions } from './quantisation/precision.js';
import { rescoredContinuations } from './quantisation/rescored-continuations.js';

/**
 * GPT-2 in the layout of Hugging Face's GPT2LMHeadModel, any size, as one graph for the prefix and for every step after
 * it. B images; S new positions of each, T cached ones before them; C channels in H heads of D; V words; R rows asked
 * for. Hidden states are kept as [B·S, C].
 *
 * The cache is a tree: an image's beams are positions of one batch entry, side by side, and two masks say which cached
 * and which new positions each one descends from. So cached keys and values are read in place, never copied or
 * reordered, and only the new ones come out.
 *
 * Words and positions are looked up in the graph: the token table is here anyway, as the head, and a second copy of it
 * for a look-up outside would cost 154 MB at GPT-2's smallest size.
 */

/** Attention over the cached and the new positions, before its output projection: [B·S, C] → [B·S, C]. */
function attend(m: Model, x: FloatValue, layer: number, config: Gpt2Config, step: StepInputs): FloatValue {
  const { g } = m;
  const { width: C, numHeads: H } = config;
  const D = C / H;
  const pastShape = ['B', H, 'T', D] as const;
  const type: CacheType = m.half ? 'float16' : 'float32';
  const past = (part: KeyOrValue): Value<CacheType> => g.input(pastName(layer, part), type, pastShape);
  const toCache = (x: FloatValue): Value<CacheType> => (m.half ? op.cast(g, x, type) : x);
  const fromCache = (x: Value<CacheType>): FloatValue =>
    x.type === 'float32' ? (x as FloatValue) : op.cast(g, x, 'float32');
  const [pastKey, pastValue] = [past('key'), past('value')];

  const projected = conv1d(m, x, `transformer.h.${layer}.attn.c_attn`, [C, 3 * C]);
  const qkv = op.reshape(g, projected, step.heads); // [B, S, 3H, D]
  const [q, k, v] = op.split(g, op.transpose(g, qkv, [0, 2, 1, 3]), 3, 1) as [FloatValue, FloatValue, FloatValue];
  const [newKey, newValue] = [toCache(k), toCache(v)];
  g.output(presentName(layer, 'key'), newKey, ['B', H, 'S', D]);
  g.output(presentName(layer, 'value'), newValue, ['B', H, 'S', D]);

  const scale = config.attentionScales[layer]!;
  const context = m.isForGpu
    ? contextJoined(
        m,
        [q, fromCache(op.concat(g, [pastKey, newKey], 2)), fromCache(op.concat(g, [pastValue, newValue], 2))],
        scale,
        step,
      )
    : contextInParts(m, q, { pastKey: fromCache(pastKey), pastValue: fromCache(pastValue), k, v }, scale, step);
  const joined = op.reshape(g, op.transpose(g, context, [0, 2, 1, 3]), [-1, C]);
  m.quantised?.noteWithin(joined, projected, [2 * C, 3 * C]);
  return joined;
}

/**
 * Of cached and new positions apart: a CPU reads the cache where it lies. Cached keys are the left side of their product,
 * for the right one is copied, and they are many more than the queries. → [B, H, S, D]
 */
function contextInParts(m: Model, q: FloatValue, { pastKey, pastValue, k, v }: Parts, scale: number, step: StepInputs) {
  const { g } = m;
  const ofKeys = op.transpose(g, scores(m, pastKey, q, scale), [0, 1, 3, 2]);
  const toPast = op.add(g, ofKeys, step.pastMask); // [B, H, S, T]
  const toNew = op.add(g, scores(m, q, k, scale), step.newMask); // [B, H, S, S]
  const shares = op.maskedSoftmax(g, op.concat(g, [toPast, toNew], 3));
  const [ofPast, ofNew] = op.splitAt(g, shares, step.pastAndNew, 3);
  return op.add(g, op.matMul(g, ofPast, pastValue), op.matMul(g, ofNew, v));
}

/**
 * Of all positions in one piece [B, H, T+S, D]: on a GPU a copy costs less than further kernels, and WebGPU's products of
 * an empty cache end the process. → [B, H, S, D]
 */
function contextJoined(
  m: Model,
  [q, keys, values]: readonly [FloatValue, FloatValue, FloatValue],
  scale: number,
  step: StepInputs,
) {
  const { g } = m;
  return op.matMul(g, op.softmax(g, op.add(g, scores(m, q, keys, scale), step.mask())), values);
}

/**
 * After the last layer's attention only the rows asked for go on: [B·S, C] → [R, C]. With deltas they all do, [B·S, C],
 * so that every image's rows still stand together.
 */
function block(m: Model, x: FloatValue, layer: number, config: Gpt2Config, step: StepInputs): FloatValue {
  const { g } = m;
  const { width: C, layerNormEpsilon: eps } = config;
  const key = `transformer.h.${layer}`;
  const isCut = layer === config.numLayers - 1 && !m.delta;
  const goesOn = (rows: FloatValue) => (isCut ? within(m, op.gather(g, rows, step.rows), rows) : rows);
  const context = attend(m, layerNorm(m, x, `${key}.ln_1`, C, eps), layer, config, step);
  const y = op.add(g, goesOn(x), conv1d(m, goesOn(context), `${key}.attn.c_proj`, [C, C]));
  return op.add(g, y, gpt2Mlp(m, layerNorm(m, y, `${key}.ln_2`, C, eps), `${key}.mlp`, config));
}

/** Prefix [B, P, C] and words [B, S - P], either of them possibly none, with their positions → [B·S, C]. */
function embeddings(m: Model, config: Gpt2Config): FloatValue {
  const { g, weights } = m;
  const { width: C, numPositions: N } = config;
  const prefix = g.input('inputs_embeds', 'float32', ['B', 'P', C]);
  const ids = g.input('input_ids', 'int64', ['B', 'S-P']);
  const positions = g.input('position_ids', 'int64', ['B', 'S']);
  const words = lookUp(m, ids, config);
  const places = op.gather(g, g.weight(weights, 'transformer.wpe.weight', [N, C]), positions);
  return op.reshape(g, op.add(g, op.concat(g, [prefix, words], 1), places), [-1, C]);
}

function stepInputs(g: GraphBuilder, { width: C, numHeads: H }: Gpt2Config): StepInputs {
  const pastMask = g.input('past_mask', 'float32', ['B', 1, 'S', 'T']);
  const newMask = g.input('new_mask', 'float32', [1, 1, 'S', 'S']);
  const rows = g.input('rows', 'int64', ['R']);
  const batchAndNew = [op.shape(g, pastMask, 0, 1), op.shape(g, pastMask, 2, 3)];
  return {
    pastMask,
    newMask,
    rows,
    heads: op.concat(g, [...batchAndNew, g.ints(3 * H, C / H)], 0),
    pastAndNew: op.concat(g, [op.shape(g, pastMask, 3, 4), op.shape(g, newMask, 3, 4)], 0),
    mask: once(() => {
      const perImage = op.concat(g, [op.shape(g, pastMask, 0, 1), op.shape(g, newMask, 1)], 0); // [B, 1, S, S]
      return op.concat(g, [pastMask, op.expand(g, newMask, perImage)], 3);
    }),
  };
}

/** [R]: whose each of the rows asked for is. */
const imagesOf = (g: GraphBuilder, { rows, newMask }: StepInputs): Int64Value =>
  op.div(g, rows, op.shape(g, newMask, 3, 4));

/**
 * Inputs `inputs_embeds` [B, P, C], `input_ids` [B, S-P], `position_ids` [B, S], the additive masks `past_mask`
 * [B, 1, S, T] and `new_mask` [1, 1, S, S], `rows` [R] of [B·S], `k` [1], `past_key_values.N.key|value` [B, H, T, D].
 * Outputs `top_log_probs` and `top_ids` [R, k], best first; `logits` [R, V], which a caller who does not want them does
 * not fetch; `present.N.key|value` [B, H, S, D], of the new positions only. `hasDeltas` adds the inputs of
 * `deltaInputs` for `gpt2Linears`, `hasWordDeltas` those of `wordDeltaInputs` for the word table. Keys and values are of
 * `cacheTypeFor` the precision. In 8 bits and in half precision `logits` are what they are, and `top_log_probs` of the
 * likeliest words nearer to fp32's: see `rescoredContinuations`.
 * @throws DomainError `invalid_model` when the weights contradict the configuration.
 */
export function buildGpt2(
  config: Gpt2Config,
  weights: WeightSource,
  { hasDeltas = false, hasWordDeltas = false, isWatched = false, ...precision }: Gpt2Variant & PrecisionOptions = {},
): GraphModel {
  const g = new GraphBuilder('gpt2');
  const { width: C, vocabSize: V } = config;
  const step = stepInputs(g, config);
  const m: Model = {
    g,
    weights,
    ...precisionOf(g, weights, precision),
    ...(isWatched && { watch: reachOutputs(g) }),
    ...(hasDeltas && { delta: deltaInputs(g) }),
    ...(hasWordDeltas && { words: wordDeltaInputs(g, WORD_TABLE, [V, C], imagesOf(g, step)) }),
  };
  const k = g.input('k', 'int64', [1]);
  let x = embeddings(m, config);
  for (let layer = 0; layer < config.numLayers; layer++) x = block(m, x, layer, config, step);
  if (hasDeltas) x = op.gather(g, x, step.rows);
  const normed = layerNorm(m, x, 'transformer.ln_f', C, config.layerNormEpsilon);
  const { logits, logProbs, ids } =
    m.quantised || m.half ? rescoredContinuations(m, normed, k, config) : continuations(m, normed, k, config);
  g.output('top_log_probs', logProbs, ['R', 'k']);
  g.output('top_ids', ids, ['R', 'k']);
  g.output('logits', logits, ['R', V]);
  return g.build();
}

function continuations(m: Model, hidden: FloatValue, k: Int64Value, config: Gpt2Config) {
  const { g } = m;
  m.watch?.(hidden, headKey(config));
  const logits = headParts(m, hidden, config).reduce<FloatValue | undefined>(
    (sum, part) => op.gemm(g, part.hidden, part.table, sum, { transB: true }),
    undefined,
  )!;
  const [logProbs, ids] = likeliest(m, logits, k, config.vocabSize);
  return { logits, logProbs, ids };
}

/** All that a decoder delta may change: its linear layers and, as one that takes words one-hot, its word table. */
export function gpt2DeltaPlaces(config: Gpt2Config): Linears {
  return new Map([...gpt2Linears(config), [WORD_TABLE, [config.vocabSize, config.width]]]);
}

/** The linear layers that a decoder delta may change. */
export function gpt2Linears({ width: C, innerWidth: I, numLayers }: Gpt2Config): Linears {
  const layers = Array.from({ length: numLayers }, (_, layer) => `transformer.h.${layer}`);
  return new Map(
    layers.flatMap((key) => [
      [`${key}.attn.c_attn`, [C, 3 * C]] as const,
      [`${key}.attn.c_proj`, [C, C]] as const,
      [`${key}.mlp.c_fc`, [C, I]] as const,
      [`${key}.mlp.c_proj`, [I, C]] as const,
    ]),
  );
}

export type KeyOrValue = 'key' | 'value';
/** What keys and values are kept in. */
export type CacheType = 'float32' | 'float16';
export const cacheTypeFor = ({ precision }: PrecisionOptions): CacheType =>
  precision === 'fp16' ? 'float16' : 'float32';
export const pastName = (layer: number, part: KeyOrValue): string => `past_key_values.${layer}.${part}`;
export const presentName = (layer: number, part: KeyOrValue): string => `present.${layer}.${part}`;

/** What a graph takes in besides. */
export interface Gpt2Variant {
  readonly hasDeltas?: boolean;
  readonly hasWordDeltas?: boolean;
  /** whether it has the outputs of `reachOutputs`. */
  readonly isWatched?: boolean;
}

interface StepInputs {
  readonly pastMask: FloatValue;
  readonly newMask: FloatValue;
  readonly rows: Int64Value;
  /** the shape [B, S, 3H, D] */
  readonly heads: Int64Value;
  /** [T, S] */
  readonly pastAndNew: Int64Value;
  /** of all positions, [B, 1, S, T+S]; made when it is first asked for. */
  readonly mask: () => FloatValue;
}

/** Cached and new keys and values: [B, H, T, D] and [B, H, S, D]. */
interface Parts {
  readonly pastKey: FloatValue;
  readonly pastValue: FloatValue;
  readonly k: FloatValue;
  readonly v: FloatValue;
}
