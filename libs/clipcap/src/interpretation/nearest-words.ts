import { fetched, float32, GraphBuilder, int64, op, type FloatValue, type GraphModel } from '@housestyle/graph';
import type { GraphRunner, GraphRunOptions, WeightSource } from '@housestyle/graph';
import { AdaptableSession } from '../deltas/adaptable-session.js';
import type { LowRankPair } from '../deltas/low-rank-delta.js';
import type { Gpt2Config } from '../gpt2-config.js';
import { WORD_TABLE } from '../gpt2-layers.js';

/** A vocabulary word and the cosine of the angle between its embedding and a prefix vector. */
export interface NearWord {
  readonly tokenId: number;
  readonly cosine: number;
}

/** Finds the words whose embeddings point most nearly where vectors do, in a decoder's word table or a tenant's own. */
export class NearestWords {
  private constructor(
    private readonly config: Gpt2Config,
    private readonly session: AdaptableSession,
  ) {}

  static async load(
    config: Gpt2Config,
    weights: WeightSource,
    runner: GraphRunner,
    options?: GraphRunOptions,
  ): Promise<NearestWords> {
    const session = await AdaptableSession.load(
      (variant) => buildNearestWords(config, weights, { hasDelta: variant === 'wordDeltas' }),
      runner,
      options,
    );
    return new NearestWords(config, session);
  }

  /** @param vectors [N, C] row by row @returns of each of them the `count` nearest, nearest first */
  async of(vectors: Float32Array, count: number, delta?: LowRankPair): Promise<NearWord[][]> {
    const { vocabSize: V, width: C } = this.config;
    const N = vectors.length / C;
    const k = Math.min(count, V);
    const outputs = await this.session.run(
      {
        vectors: float32(vectors, [N, C]),
        k: int64([k]),
        ...(delta && { a: float32(delta.a, [V, delta.rank]), b: float32(delta.b, [delta.rank, C]) }),
      },
      { variant: delta ? 'wordDeltas' : 'plain' },
    );
    const cosines = fetched(outputs, 'cosines', 'float32').data;
    const ids = fetched(outputs, 'ids', 'int64').data;
    return Array.from({ length: N }, (_, row) =>
      Array.from({ length: k }, (__, rank) => ({
        tokenId: Number(ids[row * k + rank]),
        cosine: cosines[row * k + rank]!,
      })),
    );
  }

  release(): Promise<void> {
    return this.session.release();
  }
}

/** `vectors` [N, C], `k` [1], and with a delta `a` [V, r] and `b` [r, C] → `cosines` and `ids` [N, k], nearest first. */
function buildNearestWords(
  { vocabSize: V, width: C }: Gpt2Config,
  weights: WeightSource,
  { hasDelta }: { readonly hasDelta: boolean },
): GraphModel {
  const g = new GraphBuilder('nearest-words');
  const vectors = g.input('vectors', 'float32', ['N', C]);
  const k = g.input('k', 'int64', [1]);
  const shared = g.weight(weights, `${WORD_TABLE}.weight`, [V, C]);
  const table = hasDelta ? op.add(g, shared, wordDelta(g, [V, C])) : shared;
  // the table stands first: of the second factor a runtime keeps a copy, laid out to multiply
  const dots = op.transpose(g, op.matMul(g, table, op.transpose(g, vectors, [1, 0])), [1, 0]); // [N, V]
  const lengths = op.mul(g, op.reduceL2(g, vectors), op.transpose(g, op.reduceL2(g, table), [1, 0]));
  const [cosines, ids] = op.topK(g, op.div(g, dots, op.add(g, lengths, g.float(TINY))), k);
  g.output('cosines', cosines, ['N', 'k']);
  g.output('ids', ids, ['N', 'k']);
  return g.build();
}

function wordDelta(g: GraphBuilder, [V, C]: readonly [number, number]): FloatValue {
  return op.matMul(g, g.input('a', 'float32', [V, 'r']), g.input('b', 'float32', ['r', C]));
}

/** A vector of zeros has cosine 0 with every word. */
const TINY = 1e-20;
