import { MAX_DELTA_RANK, type Decoder, type LowRankDelta, gpt2Linears } from '@housestyle/clipcap';
import { float32, MemoryWeights, type Tensor } from '@housestyle/graph';
import { Random } from '@housestyle/training';

/** As many tenants' deltas of every linear layer of the decoder, of the highest rank, each in memory of its own. */
export async function randomDeltas(decoder: Decoder, tenants: number): Promise<LowRankDelta[]> {
  const deltas: LowRankDelta[] = [];
  const pool = tenants > 0 ? randomPool() : new Float32Array(0);
  for (let tenant = 0; tenant < tenants; tenant++) {
    const tensors = new Map<string, Tensor<'float32'>>();
    for (const [layer, [input, output]] of gpt2Linears(decoder.config)) {
      tensors.set(`${layer}.A`, float32(cut(pool, input * MAX_DELTA_RANK, tenant), [input, MAX_DELTA_RANK]));
      tensors.set(`${layer}.B`, float32(cut(pool, MAX_DELTA_RANK * output, tenant + 1), [MAX_DELTA_RANK, output]));
    }
    deltas.push(await decoder.loadDelta(new MemoryWeights(`tenant ${tenant}`, tensors)));
  }
  return deltas;
}

const POOL_LENGTH = 100_003;

/** Random numbers are slow to make and a thousand tenants want a billion: all take theirs from here. */
function randomPool(): Float32Array {
  const random = new Random(3);
  return Float32Array.from({ length: POOL_LENGTH }, () => 0.02 * random.normal());
}

/** A copy of `length` numbers of the pool, from another place for each seed. */
function cut(pool: Float32Array, length: number, seed: number): Float32Array {
  const from = (seed * 7919) % (POOL_LENGTH - length);
  return pool.slice(from, from + length);
}
