import { WORD_TABLE } from '@housestyle/clipcap';
import { float32, MemoryWeights, requireWeight } from '@housestyle/graph';
import { Random } from '@housestyle/training';

/** A mapper's linear layers. */
export function mapperLayers(weights) {
  return weights.names().flatMap((name) => {
    const { dims } = requireWeight(weights, name);
    if (!name.endsWith('.weight') || dims.length !== 2) return [];
    return [{ name: name.slice(0, -'.weight'.length), input: dims[1], output: dims[0], isTransposed: true }];
  });
}

/** The four linear layers of each of GPT-2's layers. */
export function decoderLayers(weights) {
  return weights.names().flatMap((name) => {
    if (!/^transformer\.h\.\d+\.(attn|mlp)\.c_\w+\.weight$/.test(name)) return [];
    const [input, output] = requireWeight(weights, name).dims;
    return [{ name: name.slice(0, -'.weight'.length), input, output, isTransposed: false }];
  });
}

/** The decoder's word table, as a layer that words enter one-hot. */
export function wordLayer(weights) {
  const [input, output] = requireWeight(weights, `${WORD_TABLE}.weight`).dims;
  return { name: WORD_TABLE, input, output, isTransposed: false };
}

/** A and B for every layer, from a seed: of size `scale` together, whatever the layer's width. */
export function randomDelta(layers, rank, seed, scale) {
  const random = new Random(seed);
  const even = (size) => () => (2 * random.uniform() - 1) * size;
  return deltaOf(layers, rank, ({ input }) => [even(1 / Math.sqrt(input)), even(scale / Math.sqrt(rank))]);
}

/** A and B for every layer, all their numbers of one deviation, as training leaves them. */
export function normalDelta(layers, rank, random, deviation) {
  const draw = () => deviation * random.normal();
  return deltaOf(layers, rank, () => [draw, draw]);
}

export const asWeights = (label, delta) => new MemoryWeights(label, delta);

/** `drawsOf` a layer: what gives a number of its A, and of its B. */
function deltaOf(layers, rank, drawsOf) {
  return new Map(
    layers.flatMap((layer) => {
      const [drawA, drawB] = drawsOf(layer);
      return [
        [`${layer.name}.A`, matrix(layer.input, rank, drawA)],
        [`${layer.name}.B`, matrix(rank, layer.output, drawB)],
      ];
    }),
  );
}

function matrix(rows, columns, draw) {
  return float32(Float32Array.from({ length: rows * columns }, draw), [rows, columns]);
}
