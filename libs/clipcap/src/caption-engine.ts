import { BASE_MAPPER_ID, DomainError, type Hypothesis } from '@housestyle/domain';
import type { GraphRunner } from '@housestyle/graph';
import { ClipImageEncoder } from './clip-image-encoder.js';
import type { ClipPreprocessing } from './clip-config.js';
import { ContinuousBatch } from './generation/continuous-batch.js';
import type { DecodeRequest } from './generation/decode-batch.js';
import { Decoder } from './generation/decoder.js';
import {
  completeGeneration,
  parseGenerationDefaults,
  type CompleteGeneration,
  type GenerationDefaults,
} from './generation/generation-config.js';
import { toHypotheses } from './generation/hypothesis.js';
import { hashOf } from './generation/random-stream.js';
import { searchFor } from './generation/search-settings.js';
import { stoppingCriteria } from './generation/stopping-criteria.js';
import { Gpt2Tokenizer } from './gpt2-tokenizer.js';
import { PrefixReader, type PrefixPosition } from './interpretation/prefix-reader.js';
import type { Mapper } from './mapper.js';
import { loadFullMapper, loadMapperVersion, type MapperHandle } from './mapper-handle.js';
import type { BaseModelFiles, MapperVersionFiles } from './model-files.js';
import type { ModelOptions } from './quantisation/precision.js';

/** A picture as the model sees it (n × n × 3 bytes, RGB), or its embedding [P] from an earlier time. */
export type CaptionInput = { readonly pixels: Uint8Array } | { readonly embedding: Float32Array };

export interface CaptionItem {
  readonly input: CaptionInput;
  /** absent: the base's own. */
  readonly mapper?: MapperHandle;
  /** for this item only; absent: what the call says. */
  readonly generation?: GenerationDefaults;
}

export interface CaptionOutput {
  /** [P], not normalised: all that is ever needed of the picture again. */
  readonly embedding: Float32Array;
  readonly mapperId: string;
  /** best first. */
  readonly hypotheses: readonly Hypothesis[];
}

/** What an item's mapper says of its picture to the decoder. */
export interface Interpretation {
  readonly embedding: Float32Array;
  readonly mapperId: string;
  /** K of them. */
  readonly positions: readonly PrefixPosition[];
}

/** Words that a position may be said in. */
export const MAX_NEAR_WORDS = 50;

export interface CaptionEngineOptions extends Omit<ModelOptions, 'calibration'> {
  /** items that go through the decoder together; more wait until one of them is done. */
  readonly maxBatchSize?: number;
  /** whether items bring embeddings and never pixels: the image encoder then takes no memory. */
  readonly isForEmbeddings?: boolean;
}

/**
 * One base model, ready to caption: CLIP → each item's mapper → one decode batch for all of them, whichever calls they
 * came with: calls may overlap, and an item of one enters as soon as another's item is done. Each step blocks the thread;
 * between steps, other calls get in.
 */
export class CaptionEngine {
  private readonly batch: ContinuousBatch<Accepted>;

  private constructor(
    private readonly encoder: ClipImageEncoder,
    private readonly decoder: Decoder,
    private readonly tokenizer: Gpt2Tokenizer,
    private readonly reader: PrefixReader,
    private readonly context: EngineContext,
    /** the base's own mapper. */
    readonly baseMapper: MapperHandle,
  ) {
    this.batch = new ContinuousBatch({
      capacity: context.maxBatchSize,
      open: () => decoder.openBatch(),
      prepare: (items) => this.prepare(items),
    });
  }

  /** @throws DomainError `invalid_model`, or `mapper_mismatch` when the base's own mapper does not fit it. */
  static async load(
    base: BaseModelFiles,
    runner: GraphRunner,
    { maxBatchSize = DEFAULT_BATCH_SIZE, isForEmbeddings = false, ...given }: CaptionEngineOptions = {},
  ): Promise<CaptionEngine> {
    const options: ModelOptions = { ...given, calibration: base.calibration };
    const encoder = isForEmbeddings
      ? ClipImageEncoder.unloaded(base.clip)
      : await ClipImageEncoder.load(base.clip, runner, options);
    const decoder = await Decoder.load(base.gpt2, runner, options);
    const generation = parseGenerationDefaults(base.generation, 'housestyle.json: generation');
    const context = { runner, options, maxBatchSize, generation };
    const mapper = await loadFullMapper(base.mapper, BASE_MAPPER_ID, { encoder, decoder, ...context });
    const tokenizer = new Gpt2Tokenizer(base.gpt2.tokenizer);
    const reader = new PrefixReader({ config: decoder.config, weights: base.gpt2.weights, tokenizer, runner, options });
    return new CaptionEngine(encoder, decoder, tokenizer, reader, context, mapper);
  }

  /** n: pictures are n × n. */
  get imageSize(): number {
    return this.encoder.imageSize;
  }

  /** How pictures come to that size. */
  get preprocessing(): ClipPreprocessing {
    return this.encoder.preprocessing;
  }

  /** P */
  get embeddingWidth(): number {
    return this.encoder.embeddingWidth;
  }

  /**
   * Loads one more mapper version, full or delta; it stays until `releaseMapper`.
   * @throws DomainError `invalid_model`, or `mapper_mismatch` when it does not fit this base.
   */
  loadMapper(files: MapperVersionFiles, id: string): Promise<MapperHandle> {
    const surroundings = { encoder: this.encoder, decoder: this.decoder, ...this.context };
    return loadMapperVersion(files, id, this.baseMapper.mapper, surroundings);
  }

  /** A delta holds nothing but its values, which are whoever's that gave them. */
  async releaseMapper({ kind, mapper }: MapperHandle): Promise<void> {
    if (kind === 'full') await mapper.release();
  }

  /**
   * Captions items of any mappers and settings together; outputs come in the order of the items.
   * @param signal as in `captionOne`
   * @throws DomainError `invalid_request` when any item has a wrong size or impossible settings: see `check`;
   *   `deadline_exceeded` once aborted
   */
  async caption(
    items: readonly CaptionItem[],
    generation: GenerationDefaults = {},
    signal?: AbortSignal,
  ): Promise<CaptionOutput[]> {
    for (const item of items) this.check(item, generation);
    const outputs = items.map((item) => this.captionOne(item, generation, signal));
    await Promise.allSettled(outputs);
    return Promise.all(outputs);
  }

  /**
   * Captions an item in the company of all that is under way; its output depends on none of them.
   * @param signal aborted when nobody waits for the caption any more: it is not computed any further
   * @throws DomainError `invalid_request`: see `check`; `deadline_exceeded` once aborted
   */
  async captionOne(
    item: CaptionItem,
    generation: GenerationDefaults = {},
    signal?: AbortSignal,
  ): Promise<CaptionOutput> {
    this.check(item, generation);
    const settings = this.settingsOf(item, generation);
    const accepted: Accepted = { item, settings };
    const { search } = await this.batch.run(accepted, signal);
    return {
      embedding: accepted.embedding!,
      mapperId: this.handleOf(item).id,
      hypotheses: toHypotheses(search.beams(), this.tokenizer, settings.numReturnSequences),
    };
  }

  /**
   * Each item's prefix, every position as the `topK` vocabulary words nearest to it by cosine, in the word table of the
   * item's mapper version, as the paper does (arXiv 2111.09734).
   * @throws DomainError `invalid_request` when any item has a wrong size, or `topK` is not 1 to `MAX_NEAR_WORDS`
   */
  async interpret(items: readonly CaptionItem[], topK: number): Promise<Interpretation[]> {
    if (!Number.isInteger(topK) || topK < 1 || topK > MAX_NEAR_WORDS) {
      throw new DomainError('invalid_request', `topK ${topK} is not between 1 and ${MAX_NEAR_WORDS}`);
    }
    for (const item of items) this.check(item);
    const embeddings = await this.embeddingsOf(items);
    const prefixes = await this.prefixesOf(items, embeddings);
    const interpretations: Interpretation[] = [];
    for (const [i, item] of items.entries()) {
      const { id: mapperId, decoderDelta } = this.handleOf(item);
      const positions = await this.reader.read(prefixes[i]!, topK, decoderDelta);
      interpretations.push({ embedding: embeddings[i]!, mapperId, positions });
    }
    return interpretations;
  }

  /**
   * Refuses what `caption` would refuse the whole call for, so that a caller can sort out single items first.
   * @throws DomainError `invalid_request`
   */
  check(item: CaptionItem, generation: GenerationDefaults = {}): void {
    this.settingsOf(item, generation);
    const { input } = item;
    const [given, expected] =
      'pixels' in input
        ? [input.pixels.length, this.imageSize ** 2 * 3]
        : [input.embedding.length, this.embeddingWidth];
    if (given !== expected) {
      const what = 'pixels' in input ? 'a picture has bytes' : 'an embedding has values';
      throw new DomainError('invalid_request', `${what}: ${given}, the model takes ${expected}`);
    }
    if ('pixels' in input && !this.encoder.isLoaded) {
      throw new DomainError('invalid_request', 'a picture, but the model was loaded without its image encoder');
    }
    if ('embedding' in input && !input.embedding.every(Number.isFinite)) {
      throw new DomainError('invalid_request', 'an embedding holds something that is not a finite number');
    }
  }

  /** Releases all but the mappers that were loaded besides the base's own; what is under way fails. */
  async release(): Promise<void> {
    this.batch.close(new DomainError('captioner_unavailable', 'the model is being unloaded'));
    const parts = [this.encoder, this.decoder, this.baseMapper.mapper, this.reader];
    await Promise.all(parts.map((part) => part.release()));
  }

  private async prepare(accepted: readonly Accepted[]): Promise<DecodeRequest[]> {
    const items = accepted.map(({ item }) => item);
    const embeddings = await this.embeddingsOf(items);
    const prefixes = await this.prefixesOf(items, embeddings);
    return accepted.map((each, i) => {
      each.embedding = embeddings[i]!;
      const { decoderDelta: delta } = this.handleOf(each.item);
      return { search: this.searchFor(each), prefix: prefixes[i]!, ...(delta && { delta }) };
    });
  }

  private async embeddingsOf(items: readonly CaptionItem[]): Promise<Float32Array[]> {
    const embeddings = new Array<Float32Array>(items.length);
    const pictures: { readonly index: number; readonly pixels: Uint8Array }[] = [];
    items.forEach(({ input }, index) => {
      if ('pixels' in input) pictures.push({ index, pixels: input.pixels });
      else embeddings[index] = input.embedding;
    });
    const embedded = await this.encoder.embed(pictures.map(({ pixels }) => pixels));
    // Copies: a view would drag the whole batch along wherever an embedding is sent.
    pictures.forEach(({ index }, row) => (embeddings[index] = embedded[row]!.slice()));
    return embeddings;
  }

  private async prefixesOf(
    items: readonly CaptionItem[],
    embeddings: readonly Float32Array[],
  ): Promise<Float32Array[]> {
    const prefixes = new Array<Float32Array>(items.length);
    const handles = items.map((item) => this.handleOf(item));
    const ofNetwork = new Map<Mapper, number[]>();
    handles.forEach(({ mapper }, index) => ofNetwork.set(mapper, [...(ofNetwork.get(mapper) ?? []), index]));
    for (const [mapper, indices] of ofNetwork) {
      const deltas = indices.map((index) => handles[index]!.mapperDelta);
      const mapped = await mapper.map(
        indices.map((index) => embeddings[index]!),
        deltas,
      );
      indices.forEach((index, row) => (prefixes[index] = mapped[row]!));
    }
    return prefixes;
  }

  private searchFor({ item, settings }: Accepted) {
    const { prefixLength } = this.handleOf(item).mapper.config;
    const criteria = stoppingCriteria(settings, { numPositions: this.decoder.config.numPositions, prefixLength });
    return searchFor(settings, criteria, settings.decode === 'sample' ? keyOf(item.input) : 0);
  }

  private settingsOf(item: CaptionItem, generation: GenerationDefaults): CompleteGeneration {
    const layers = [item.generation ?? {}, generation, this.handleOf(item).generation, this.context.generation];
    return completeGeneration(layers, this.tokenizer.encode('.')[0]!);
  }

  private handleOf({ mapper }: CaptionItem): MapperHandle {
    return mapper ?? this.baseMapper;
  }
}

/** By what was given, bit for bit: an embedding that is computed may differ in its last bits with its batch. */
function keyOf(input: CaptionInput): number {
  if ('pixels' in input) return hashOf(input.pixels);
  const { buffer, byteOffset, byteLength } = input.embedding;
  return hashOf(new Uint8Array(buffer, byteOffset, byteLength));
}

/** An item that has been found good. */
interface Accepted {
  readonly item: CaptionItem;
  readonly settings: CompleteGeneration;
  /** once it is known. */
  embedding?: Float32Array;
}

interface EngineContext {
  readonly runner: GraphRunner;
  readonly options: ModelOptions;
  readonly maxBatchSize: number;
  /** the base's `generation` block. */
  readonly generation: GenerationDefaults;
}

const DEFAULT_BATCH_SIZE = 32;
