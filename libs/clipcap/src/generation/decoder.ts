import { DomainError } from '@housestyle/domain';
import {
  int64,
  type Feeds,
  type Fetched,
  type GraphRunner,
  type GraphRunOptions,
  type GraphSession,
} from '@housestyle/graph';
import { parseGpt2Config, type Gpt2Config } from '../gpt2-config.js';
import { buildGpt2 } from '../gpt2.js';
import type { Gpt2Files } from '../model-files.js';
import { advance, continuationsOf, prefixFeeds, stepFeeds, type DecodingImage } from './decoding-image.js';
import type { Search } from './search.js';
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
