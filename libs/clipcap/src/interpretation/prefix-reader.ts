import type { GraphRunner, GraphRunOptions, WeightSource } from '@housestyle/graph';
import type { LowRankDelta } from '../deltas/low-rank-delta.js';
import type { Gpt2Config } from '../gpt2-config.js';
import { WORD_TABLE } from '../gpt2-layers.js';
import type { Gpt2Tokenizer } from '../gpt2-tokenizer.js';
import { rowsOf } from '../rows.js';
import { NearestWords } from './nearest-words.js';

/** One vector of a prefix, said in words. */
export interface PrefixPosition {
  /** its Euclidean length. */
  readonly norm: number;
  /** nearest first. */
  readonly words: readonly PrefixWord[];
}

export interface PrefixWord {
  readonly tokenId: number;
  /** as the token is, with the space it may begin with. */
  readonly text: string;
  /** of the angle between its embedding and the prefix vector. */
  readonly cosine: number;
}

interface ReaderParts {
  readonly config: Gpt2Config;
  /** that hold the word table. */
  readonly weights: WeightSource;
  readonly tokenizer: Gpt2Tokenizer;
  readonly runner: GraphRunner;
  readonly options: GraphRunOptions;
}

/** Says prefixes in the words of a decoder. Few ask for it, so what it needs is loaded when first asked for. */
export class PrefixReader {
  private loading: Promise<NearestWords> | undefined;

  constructor(private readonly parts: ReaderParts) {}

  /**
   * @param prefix [K, C] row by row
   * @param delta the tenant's change of the decoder: where it changes the word table, its own words are meant
   * @returns each of the K positions with its `topK` nearest words
   */
  async read(prefix: Float32Array, topK: number, delta?: LowRankDelta): Promise<PrefixPosition[]> {
    const nearest = await this.nearest();
    const words = await nearest.of(prefix, topK, delta?.pairs.get(WORD_TABLE));
    const textOf = (tokenId: number) => this.parts.tokenizer.decode([tokenId]);
    return rowsOf(prefix, this.parts.config.width).map((vector, position) => ({
      norm: Math.hypot(...vector),
      words: words[position]!.map(({ tokenId, cosine }) => ({ tokenId, text: textOf(tokenId), cosine })),
    }));
  }

  async release(): Promise<void> {
    await (await this.loading)?.release();
  }

  private nearest(): Promise<NearestWords> {
    const { config, weights, runner, options } = this.parts;
    this.loading ??= NearestWords.load(config, weights, runner, options).catch((cause: unknown) => {
      // what failed once may work again: memory comes and goes
      this.loading = undefined;
      throw cause;
    });
    return this.loading;
  }
}
