import { DomainError } from '@housestyle/domain';
import { int64, type Feeds, type Fetched } from '@housestyle/graph';
import type { AdaptableSession } from '../deltas/adaptable-session.js';
import { DeltaStack, orderByDelta } from '../deltas/delta-stack.js';
import type { LowRankDelta } from '../deltas/low-rank-delta.js';
import { WordDeltaStack } from '../deltas/word-delta-stack.js';
import type { Gpt2Config } from '../gpt2-config.js';
import { WORD_TABLE } from '../gpt2-layers.js';
import { gpt2Linears, type CacheType } from '../gpt2.js';
import { advance, continuationsOf, prefixFeeds, stepFeeds, type DecodingImage } from './decoding-image.js';
import type { Search } from './search.js';
import { TreeCache } from './tree-cache.js';

export interface DecodeRequest {
  /** [K, C] row by row; K may differ within a batch. */
  readonly prefix: Float32Array;
  readonly search: Search;
  /** this image's own change of the decoder; absent: none. */
  readonly delta?: LowRankDelta;
}

/**
 * Images being decoded together, each at its own depth. One whose search is done leaves, and its place is taken by one
 * that enters, or by the last of those that stay. A failed call leaves a batch that is not to be used any more, unless it
 * was `enter`: that one changes nothing when it fails.
 */
export class DecodeBatch {
  private images: BatchImage[] = [];
  private readonly cache: TreeCache;
  private stacks: Stacks = {};

  constructor(
    private readonly config: Gpt2Config,
    private readonly session: AdaptableSession,
    cacheType: CacheType,
  ) {
    this.cache = new TreeCache(config, cacheType);
  }

  /** Images whose search goes on. */
  get size(): number {
    return this.images.filter(isRunning).length;
  }

  /**
   * Runs the prefixes of these images, all at once: they are part of the next step, if there is one for them.
   * @throws DomainError `invalid_request` for a prefix of no width this decoder has.
   */
  async enter(requests: readonly DecodeRequest[]): Promise<void> {
    if (requests.length === 0) return;
    const ordered = orderByDelta(requests.map(({ delta }) => delta)).map((i) => requests[i]!);
    const newcomers = ordered.map((request) => this.toImage(request));
    const stacks = stacksOf(newcomers, this.config);
    const feeds = { ...prefixFeeds(newcomers, this.config), ...this.cache.noPast(newcomers.length) };
    const outputs = await this.run(newcomers, feeds, stacks);
    // of the same images in the same order as what is here then
    if (this.images.length === 0) this.stacks = stacks;
    else giveStacksBack(stacks);
    const rows = this.placesFor(newcomers.length);
    const lengths = newcomers.map(({ prefixLength }) => prefixLength);
    this.cache.put(outputs, lengths, rows);
    newcomers.forEach((image, i) => {
      this.images[rows[i]!] = image;
      advance(image, [{ ...continuationsOf(outputs, i, image.search.breadth), path: [] }]);
    });
    this.closeRanks();
  }

  /** One more token for every running beam of every image. */
  async step(): Promise<void> {
    const { images, cache } = this;
    if (images.length === 0) return;
    const slots = cache.makeRoom(images);
    const feeds = { ...stepFeeds(images, cache, this.config), ...cache.feeds() };
    const outputs = await this.run(images, feeds, this.stacks);
    let row = 0;
    const rows = images.map(({ paths, search }, i) =>
      paths.map((path, n) => ({
        ...continuationsOf(outputs, row++, search.breadth),
        path: [...path, slots[i]![n]!],
      })),
    );
    cache.append(outputs, slots);
    images.forEach((image, i) => advance(image, rows[i]!));
    this.closeRanks();
  }

  /** Takes images out before their search is done. */
  leave(searches: ReadonlySet<Search>): void {
    for (const image of this.images) if (searches.has(image.search)) image.hasLeft = true;
    this.closeRanks();
  }

  private toImage({ prefix, search, delta }: DecodeRequest): BatchImage {
    const { width: C, numPositions } = this.config;
    const prefixLength = prefix.length / C;
    if (!Number.isInteger(prefixLength) || prefixLength < 1 || prefixLength >= numPositions) {
      throw new DomainError('invalid_request', `a prefix has ${prefix.length} values, the decoder is ${C} wide`);
    }
    return { prefix, prefixLength, search, delta, depth: 0, paths: [], hasLeft: false };
  }

  /** Behind those that are here. */
  private placesFor(count: number): number[] {
    return Array.from({ length: count }, (_, n) => this.images.length + n);
  }

  /** The last of those that stay take the places of those that leave; the stacks follow. */
  private closeRanks(): void {
    const { images, cache } = this;
    for (let place = 0; place < images.length; place++) {
      while (images.length > place && !isRunning(images.at(-1)!)) images.pop();
      if (place >= images.length || isRunning(images[place]!)) continue;
      cache.move(images.length - 1, place);
      images[place] = images.pop()!;
    }
    cache.cut(images.length);
    this.stacks = stacksOf(images, this.config, this.stacks);
  }

  private run(images: readonly BatchImage[], feeds: Feeds, { deltas, words }: Stacks): Promise<Fetched> {
    const breadths = images.map(({ search }) => search.breadth);
    const k = int64([Math.min(Math.max(1, ...breadths.filter(Number.isFinite)), this.config.vocabSize)]);
    const whole = breadths.includes(Infinity) ? ['logits'] : [];
    const fetches = ['top_log_probs', 'top_ids', ...whole, ...this.cache.presentNames];
    const variant = words ? 'wordDeltas' : deltas ? 'deltas' : 'plain';
    return this.session.run({ ...feeds, k, ...deltas?.feeds(), ...words?.feeds() }, { variant, fetches });
  }
}

interface BatchImage extends DecodingImage {
  readonly delta: LowRankDelta | undefined;
  hasLeft: boolean;
}

interface Stacks {
  /** as long as any of the images has one. */
  readonly deltas?: DeltaStack | undefined;
  /** as long as `deltas`, if any image had one. */
  readonly words?: WordDeltaStack | undefined;
}

/** The images' deltas, in stacks that are there already if possible. */
function stacksOf(images: readonly BatchImage[], config: Gpt2Config, { deltas, words }: Stacks = {}): Stacks {
  const own = images.map(({ delta }) => delta);
  if (!own.some(Boolean)) {
    giveStacksBack({ deltas, words });
    return {};
  }
  deltas?.set(own);
  words?.set(own);
  const isWordy = words === undefined && WordDeltaStack.isNeeded(WORD_TABLE, own);
  const table = [config.vocabSize, config.width] as const;
  return {
    deltas: deltas ?? new DeltaStack(gpt2Linears(config), own),
    words: isWordy ? new WordDeltaStack(WORD_TABLE, table, own) : words,
  };
}

function giveStacksBack({ deltas, words }: Stacks): void {
  deltas?.giveBack();
  words?.giveBack();
}

const isRunning = ({ search, hasLeft }: BatchImage): boolean => !hasLeft && search.nextRows.length > 0;
