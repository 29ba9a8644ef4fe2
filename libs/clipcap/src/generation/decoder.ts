import { DomainError } from '@housestyle/domain';
import { int64, type Feeds, type Fetched, type GraphRunner, type WeightSource } from '@housestyle/graph';
import { AdaptableSession, type Variant } from '../deltas/adaptable-session.js';
import { DeltaStack, orderByDelta } from '../deltas/delta-stack.js';
import { LowRankDelta } from '../deltas/low-rank-delta.js';
import { WordDeltaStack } from '../deltas/word-delta-stack.js';
import { parseGpt2Config, type Gpt2Config } from '../gpt2-config.js';
import { WORD_TABLE } from '../gpt2-layers.js';
import { buildGpt2, gpt2DeltaPlaces, gpt2Linears } from '../gpt2.js';
import type { Gpt2Files } from '../model-files.js';
import type { ModelOptions } from '../quantisation/precision.js';
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

/** GPT-2 driving the searches of a batch of images, each with its own delta or none. */
export class Decoder {
  private constructor(
    readonly config: Gpt2Config,
    private readonly session: AdaptableSession,
  ) {}

  /** @throws DomainError `invalid_model` */
  static async load(files: Gpt2Files, runner: GraphRunner, options: ModelOptions = {}): Promise<Decoder> {
    const config = parseGpt2Config(files.config);
    const build = (variant: Variant) =>
      buildGpt2(config, files.weights, {
        ...options,
        hasDeltas: variant !== 'plain',
        hasWordDeltas: variant === 'wordDeltas',
      });
    return new Decoder(config, await AdaptableSession.load(build, runner, options));
  }

  /**
   * Takes a delta of this decoder into memory.
   * @throws DomainError `mapper_mismatch` when it was made for another decoder, `invalid_model`
   */
  async loadDelta(source: WeightSource): Promise<LowRankDelta> {
    const delta = LowRankDelta.read(source, gpt2DeltaPlaces(this.config));
    await this.session.prepare(delta.pairs.has(WORD_TABLE) ? 'wordDeltas' : 'deltas');
    return delta;
  }

  /**
   * Runs every search to its end; each then holds its own beams. An image whose search is done leaves the batch, and a
   * stopped beam its image: no step is spent on either.
   * @throws DomainError `invalid_request` for a prefix of no width this decoder has.
   */
  async decode(requests: readonly DecodeRequest[]): Promise<void> {
    if (requests.length === 0) return;
    const ordered = orderByDelta(requests.map(({ delta }) => delta)).map((i) => requests[i]!);
    const batch: Batch = { images: ordered.map((request) => this.enter(request)), cache: new TreeCache(this.config) };
    const deltas = ordered.map(({ delta }) => delta);
    if (deltas.some(Boolean)) batch.deltas = new DeltaStack(gpt2Linears(this.config), deltas);
    if (WordDeltaStack.isNeeded(WORD_TABLE, deltas)) batch.words = this.stackWords(deltas);
    await this.begin(batch);
    for (;;) {
      const staying = batch.images.flatMap(({ search }, i) => (search.nextRows.length > 0 ? [i] : []));
      if (staying.length === 0) return;
      if (staying.length < batch.images.length) keep(batch, staying);
      await this.step(batch);
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
  private async begin(batch: Batch): Promise<void> {
    const { images, cache } = batch;
    const outputs = await this.run({ ...prefixFeeds(images, this.config), ...cache.noPast(images.length) }, batch);
    const lengths = images.map(({ prefixLength }) => prefixLength);
    cache.add(outputs, lengths);
    images.forEach((image, i) => advance(image, [{ ...continuationsOf(outputs, i, image.search.breadth), path: [] }]));
  }

  /** One more token for every running beam of every image. */
  private async step(batch: Batch): Promise<void> {
    const { images, cache } = batch;
    const outputs = await this.run({ ...stepFeeds(images, cache, this.config), ...cache.feeds() }, batch);
    let row = 0;
    const rows = images.map(({ paths, search }, i) =>
      paths.map((path, n) => ({
        ...continuationsOf(outputs, row++, search.breadth),
        path: [...path, cache.usedBy(i) + n],
      })),
    );
    cache.append(
      outputs,
      rows.map(({ length }) => length),
    );
    images.forEach((image, i) => advance(image, rows[i]!));
  }

  private stackWords(deltas: readonly (LowRankDelta | undefined)[]): WordDeltaStack {
    const { vocabSize: V, width: C } = this.config;
    return new WordDeltaStack(WORD_TABLE, [V, C], deltas);
  }

  private run(feeds: Feeds, { images, cache, deltas, words }: Batch): Promise<Fetched> {
    const breadths = images.map(({ search }) => search.breadth);
    const k = int64([Math.min(Math.max(1, ...breadths.filter(Number.isFinite)), this.config.vocabSize)]);
    const whole = breadths.includes(Infinity) ? ['logits'] : [];
    const fetches = ['top_log_probs', 'top_ids', ...whole, ...cache.presentNames];
    const variant = words ? 'wordDeltas' : deltas ? 'deltas' : 'plain';
    return this.session.run({ ...feeds, k, ...deltas?.feeds(), ...words?.feeds() }, { variant, fetches });
  }
}

/** The images on their way, in one order everywhere. */
interface Batch {
  images: DecodingImage[];
  readonly cache: TreeCache;
  /** as long as any of the images has one. */
  deltas?: DeltaStack;
  /** as long as `deltas`, if any image had one: the graph without it may not be loaded. */
  words?: WordDeltaStack;
}

function keep(batch: Batch, staying: readonly number[]): void {
  batch.cache.keep(staying);
  batch.images = staying.map((i) => batch.images[i]!);
  batch.deltas?.keep(staying);
  batch.words?.keep(staying);
  if (batch.deltas?.isNeeded) return;
  delete batch.deltas;
  delete batch.words;
}
