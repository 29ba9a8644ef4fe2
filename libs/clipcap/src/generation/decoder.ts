import { DomainError } from '@housestyle/domain';
import {
  fetched,
  float32,
  int64,
  type Feeds,
  type Fetched,
  type GraphRunner,
  type GraphRunOptions,
  type GraphSession,
  type Tensor,
} from '@housestyle/graph';
import { parseGpt2Config, type Gpt2Config } from '../gpt2-config.js';
import { buildGpt2 } from '../gpt2.js';
import type { Gpt2Files } from '../model-files.js';
import type { Continuations, Search } from './search.js';
import { TreeCache } from './tree-cache.js';

export interface DecodeRequest {
  /** [K, C] row by row; K may differ within a batch. */
  readonly prefix: Float32Array;
  readonly search: Search;
}

/** GPT-2 driving the searches of a batch of images. */
export class Decoder {
  private constructor(
    readonly config: Gpt2Config,
    private readonly session: GraphSession,
  ) {}

  /** @throws DomainError `invalid_model` */
  static async load(files: Gpt2Files, runner: GraphRunner, options?: GraphRunOptions): Promise<Decoder> {
    const config = parseGpt2Config(files.config);
    return new Decoder(config, await runner.load(buildGpt2(config, files.weights), options));
  }

  /**
   * Runs every search to its end; each then holds its own beams. An image whose search is done leaves the batch, and a
   * stopped beam its image: no step is spent on either.
   * @throws DomainError `invalid_request` for a prefix of no width this decoder has.
   */
  async decode(requests: readonly DecodeRequest[]): Promise<void> {
    if (requests.length === 0) return;
    const cache = new TreeCache(this.config);
    let images = requests.map((request) => this.enter(request));
    await this.begin(images, cache);
    for (;;) {
      const staying = images.flatMap(({ search }, i) => (search.nextRows.length > 0 ? [i] : []));
      if (staying.length === 0) return;
      if (staying.length < images.length) cache.keep(staying);
      images = staying.map((i) => images[i]!);
      await this.step(images, cache);
    }
  }

  release(): Promise<void> {
    return this.session.release();
  }

  private enter({ prefix, search }: DecodeRequest): DecodingImage {
    const { width: C, numPositions } = this.config;
    const prefixLength = prefix.length / C;
    if (!Number.isInteger(prefixLength) || prefixLength < 1 || prefixLength >= numPositions) {
      throw new DomainError('invalid_request', `a prefix has ${prefix.length} values, the decoder is ${C} wide`);
    }
    return { prefix, prefixLength, search, depth: 0, paths: [] };
  }

  /** All prefixes at once. */
  private async begin(images: readonly DecodingImage[], cache: TreeCache): Promise<void> {
    const outputs = await this.run(
      { ...prefixFeeds(images, this.config), ...cache.noPast(images.length) },
      cache,
      images,
    );
    const lengths = images.map(({ prefixLength }) => prefixLength);
    cache.add(outputs, lengths);
    images.forEach((image, i) => advance(image, [{ ...continuationsOf(outputs, i), path: [] }]));
  }

  /** One more token for every running beam of every image. */
  private async step(images: readonly DecodingImage[], cache: TreeCache): Promise<void> {
    const outputs = await this.run({ ...stepFeeds(images, cache, this.config), ...cache.feeds() }, cache, images);
    let row = 0;
    const rows = images.map(({ paths }, i) =>
      paths.map((path, n) => ({ ...continuationsOf(outputs, row++), path: [...path, cache.usedBy(i) + n] })),
    );
    cache.append(
      outputs,
      rows.map(({ length }) => length),
    );
    images.forEach((image, i) => advance(image, rows[i]!));
  }

  private run(feeds: Feeds, cache: TreeCache, images: readonly DecodingImage[]): Promise<Fetched> {
    const breadth = Math.max(...images.map(({ search }) => search.breadth));
    const k = int64([Math.min(breadth, this.config.vocabSize)]);
    return this.session.run({ ...feeds, k }, ['top_log_probs', 'top_ids', ...cache.presentNames]);
  }
}

interface DecodingImage {
  readonly prefix: Float32Array;
  /** K */
  readonly prefixLength: number;
  readonly search: Search;
  /** tokens decoded so far. */
  depth: number;
  /** of each row to run next: the cache slots of the tokens before it. */
  paths: readonly (readonly number[])[];
}

function advance(image: DecodingImage, rows: readonly (Continuations & { readonly path: readonly number[] })[]): void {
  image.search.advance(rows);
  image.paths = image.search.nextRows.map(({ parent }) => rows[parent]!.path);
  image.depth++;
}

/**
 * Nothing cached yet. Shorter prefixes are padded behind their end, where the causal mask keeps the padding from their
 * own positions.
 */
function prefixFeeds(images: readonly DecodingImage[], { width: C }: Gpt2Config): Feeds {
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
function stepFeeds(images: readonly DecodingImage[], { capacity: T }: TreeCache, { width: C }: Gpt2Config): Feeds {
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

/** [1, 1, S, S] */
function newMask(S: number, isSeen: (row: number, column: number) => boolean): Tensor<'float32'> {
  const mask = Float32Array.from({ length: S * S }, (_, i) => (isSeen(Math.floor(i / S), i % S) ? 0 : HIDDEN));
  return float32(mask, [1, 1, S, S]);
}

function continuationsOf(outputs: Fetched, row: number): Continuations {
  const logProbs = fetched(outputs, 'top_log_probs', 'float32');
  const k = logProbs.dims[1]!;
  const [from, to] = [row * k, (row + 1) * k];
  const ids = fetched(outputs, 'top_ids', 'int64').data.subarray(from, to);
  return { ids: Array.from(ids, Number), logProbs: logProbs.data.subarray(from, to) };
}

/** Added to a score, as good as -∞, and still a number where a row should see nothing at all. */
const HIDDEN = -1e9;
