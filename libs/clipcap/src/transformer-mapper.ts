import { op, requireWeight, type FloatValue, type Int64Value } from '@housestyle/graph';
import { attention, layerNorm, linear, linears, within, type Model } from './layers.js';
import type { MapperConfig } from './mapper-config.js';
import { embeddingInput } from './mapper-input.js';

/**
 * ClipCap's `TransformerMapper` (arXiv 2111.09734): the image embedding, spread over `clip_length` positions, stands
 * before K learned ones; what the transformer makes of those K is the prefix. T = clip_length + K.
 */

function mlp(m: Model, x: FloatValue, key: string, C: number): FloatValue {
  const hidden = requireWeight(m.weights, `${key}.fc1.weight`).dims[0]!; // ratio 2 in official checkpoints
  const raw = linear(m, x, `${key}.fc1`, [hidden, C]);
  return linear(m, within(m, op.relu(m.g, raw), raw), `${key}.fc2`, [C, hidden]);
}

/** Attention of each picture's positions, before its output projection. */
function attend(m: Model, x: FloatValue, key: string, config: MapperConfig, heads: Int64Value): FloatValue {
  const { decoderWidth: C, numHeads: H, prefixLength: K, clipLength } = config;
  const layers = [
    { key: `${key}.to_queries`, out: C },
    { key: `${key}.to_keys_values`, out: 2 * C }, // [B·T, 2·H·D]: keys, then values
  ];
  const [q, kv] = linears(m, x, layers, { input: C, hasBias: false }) as [FloatValue, FloatValue];
  const [k, v] = op.split(m.g, kv, 2, -1) as [FloatValue, FloatValue];
  const sizes = ['B', clipLength + K, H, C / H];
  const attended = attention(m, [q, k, v], heads, { width: C, headWidth: C / H, sizes });
  const context = m.g.sized(attended, ['B*T', C]);
  m.quantised?.noteWithin(context, kv, [C, 2 * C]);
  return context;
}

/** After the last layer's attention only the K positions that are looked at go on: [B·T, C] → [B·K, C]. */
function layer(m: Model, x: FloatValue, n: number, config: MapperConfig, heads: Int64Value): FloatValue {
  const { decoderWidth: C, prefixLength: K, clipLength, numLayers } = config;
  const key = `clip_project.transformer.layers.${n}`;
  const norm = (state: FloatValue, name: string) => layerNorm(m, state, `${key}.${name}`, C, EPSILON);
  const lastK = (rows: FloatValue) => {
    const perPicture = op.reshape(m.g, rows, [-1, clipLength + K, C]);
    const last = op.slice(m.g, perPicture, 1, clipLength, clipLength + K);
    return m.g.sized(op.reshape(m.g, last, [-1, C]), ['B*K', C]);
  };
  const goesOn = (rows: FloatValue) => (n === numLayers - 1 ? within(m, lastK(rows), rows) : rows);
  const context = goesOn(attend(m, norm(x, 'norm1'), `${key}.attn`, config, heads));
  const y = op.add(m.g, goesOn(x), linear(m, context, `${key}.attn.project`, [C, C]));
  return op.add(m.g, y, mlp(m, norm(y, 'norm2'), `${key}.mlp`, C));
}

/** `image_embeds` [B, d] → prefix [B, K, C]. There is no norm after the last layer. */
export function transformerMapper(m: Model, config: MapperConfig): FloatValue {
  const { g, weights } = m;
  const { prefixSize: d, prefixLength: K, decoderWidth: C, clipLength, numLayers, numHeads: H } = config;
  const T = clipLength + K;
  const e = embeddingInput(g, config);
  const spread = op.reshape(g, linear(m, e, 'clip_project.linear', [clipLength * C, d]), [-1, clipLength, C]);
  const learned = op.reshape(g, g.weight(weights, 'clip_project.prefix_const', [K, C]), [1, K, C]);
  const perPicture = op.concat(g, [op.shape(g, e, 0, 1), g.ints(K, C)], 0); // [B, K, C]
  const rows = op.reshape(g, op.concat(g, [spread, op.expand(g, learned, perPicture)], 1), [-1, C]);
  let x = g.sized(rows, ['B*T', C]);
  const heads = g.ints(-1, T, H, C / H);
  for (let n = 0; n < numLayers; n++) x = layer(m, x, n, config, heads);
  return op.reshape(g, x, [-1, K, C]);
}

/** PyTorch's LayerNorm, which the official code does not set. */
const EPSILON = 1e-5;
