import { fetched, float32, int64, type Feeds, type Fetched, type Tensor } from '@housestyle/graph';
import type { Gpt2Config } from '../gpt2-config.js';
import type { Continuations, Search } from './search.js';
import type { TreeCache, TreeImage } from './tree-cache.js';

/** One image of a decode batch. */
export interface DecodingImage extends TreeImage {
  readonly prefix: Float32Array;
  readonly search: Search;
  paths: TreeImage['paths'];
  /** tokens decoded so far. */
  depth: number;
}

/** Tells the search what its rows may continue with, and notes where the rows it asks for next descend from. */
export function advance(
  image: DecodingImage,
  rows: readonly (Continuations & { readonly path: readonly number[] })[],
): void {
  image.search.advance(rows);
  image.paths = image.search.nextRows.map(({ parent }) => rows[parent]!.path);
  image.depth++;
}

/**
 * All prefixes at once, nothing cached yet. Shorter ones are padded behind their end, where the causal mask keeps the
 * padding from their own positions.
 */
export function prefixFeeds(images: readonly DecodingImage[], { width: C }: Gpt2Config): Feeds {
  const B = images.length;
  const S = Math.max(...images.map(({ prefixLength }) => prefixLength));
  const embeds = new Float32Array(B * S * C);
  images.forEach(({ prefix }, i) => embeds.set(prefix, i * S * C));
  return {
    inputs_embeds: float32(embeds, [B, S, C]),
    input_ids: int64([], [B, 0]),
    position_ids: int64(
      BigInt64Array.from({ length: B * S }, (_, i) => BigInt(i % S)),
      [B, S],
    ),
    past_mask: float32([], [B, 1, S, 0]),
    new_mask: newMask(S, (row, column) => column <= row),
    rows: int64(images.map(({ prefixLength }, i) => i * S + prefixLength - 1)),
  };
}

/**
 * One token per running beam: S is the most that any image has, the others are padded with rows that see only
 * themselves and that nobody asks for. A beam sees its image's prefix, the slots of its own path, and itself.
 */
export function stepFeeds(
  images: readonly DecodingImage[],
  { capacity: T }: TreeCache,
  { width: C }: Gpt2Config,
): Feeds {
  const B = images.length;
  const S = Math.max(...images.map(({ paths }) => paths.length));
  const ids = new BigInt64Array(B * S);
  const positions = new BigInt64Array(B * S);
  const pastMask = new Float32Array(B * S * T).fill(HIDDEN);
  const rows: number[] = [];
  images.forEach(({ prefixLength, depth, paths, search }, i) => {
    search.nextRows.forEach(({ tokenId }, n) => {
      const row = i * S + n;
      rows.push(row);
      ids[row] = BigInt(tokenId);
      positions[row] = BigInt(prefixLength + depth - 1);
      pastMask.fill(0, row * T, row * T + prefixLength);
      for (const slot of paths[n]!) pastMask[row * T + slot] = 0;
    });
  });
  return {
    inputs_embeds: float32([], [B, 0, C]),
    input_ids: int64(ids, [B, S]),
    position_ids: int64(positions, [B, S]),
    past_mask: float32(pastMask, [B, 1, S, T]),
    new_mask: newMask(S, (row, column) => column === row),
    rows: int64(rows),
  };
}

/** What the graph says of the `row`-th of the rows asked for, as much as a search of this breadth wants of it. */
export function continuationsOf(outputs: Fetched, row: number, breadth: number): Continuations {
  if (breadth === Infinity) return allContinuations(outputs, row);
  const logProbs = fetched(outputs, 'top_log_probs', 'float32');
  const k = logProbs.dims[1]!;
  const [from, to] = [row * k, row * k + Math.min(k, breadth)];
  const ids = fetched(outputs, 'top_ids', 'int64').data.subarray(from, to);
  return { ids: Array.from(ids, Number), logProbs: logProbs.data.subarray(from, to) };
}

/** Sorting the whole vocabulary in the graph would cost more than the step itself. */
function allContinuations(outputs: Fetched, row: number): Continuations {
  const logits = fetched(outputs, 'logits', 'float32');
  const V = logits.dims[1]!;
  const own = logits.data.subarray(row * V, (row + 1) * V);
  let [largest, total] = [-Infinity, 0];
  for (let id = 0; id < V; id++) largest = Math.max(largest, own[id]!);
  for (let id = 0; id < V; id++) total += Math.exp(own[id]! - largest);
  const shift = largest + Math.log(total);
  const [ids, logProbs] = [new Array<number>(V), new Float32Array(V)];
  for (let id = 0; id < V; id++) {
    ids[id] = id;
    logProbs[id] = own[id]! - shift;
  }
  return { ids, logProbs };
}

/** [1, 1, S, S], added to the scores of new positions among themselves. */
export function newMask(S: number, isSeen: (row: number, column: number) => boolean): Tensor<'float32'> {
  const mask = Float32Array.from({ length: S * S }, (_, i) => (isSeen(Math.floor(i / S), i % S) ? 0 : HIDDEN));
  return float32(mask, [1, 1, S, S]);
}

/** Added to a score, as good as -∞, and still a number where a row should see nothing at all. */
const HIDDEN = -1e9;
