import { elementCount, type Dim, type Tensor } from '@housestyle/graph';
import type { BatchSizes } from './caption-batch.js';
import { Random } from './random.js';
import type { DropoutInput } from './training-graph.js';

/** What every dropout of a step keeps, by input name: the same for the same seed, whatever engine runs the step. */
export function dropoutFeeds(
  inputs: readonly DropoutInput[],
  sizes: BatchSizes,
  seed: number,
): Readonly<Record<string, Tensor<'bool'>>> {
  const random = new Random(seed);
  const entries = inputs.map(({ name, dims, share }): [string, Tensor<'bool'>] => {
    const known = dims.map((dim) => sizeOf(dim, sizes));
    return [name, { type: 'bool', dims: known, data: keptValues(random, elementCount(known), share) }];
  });
  return Object.fromEntries(entries);
}

/** Of `count` values: 1 for those that stay, 0 for `share` of them. A value is told by two bytes of `random`. */
export function keptValues(random: Random, count: number, share: number): Uint8Array {
  const data = new Uint8Array(count);
  const threshold = Math.round(share * HALF_WORD);
  for (let n = 0; n < count; n += 2) {
    const word = random.word(); // two draws of 16 bits: a share is kept to 1/65536
    data[n] = Number((word & (HALF_WORD - 1)) >= threshold);
    if (n + 1 < count) data[n + 1] = Number(word >>> 16 >= threshold);
  }
  return data;
}

const HALF_WORD = 0x10000;

/** A number, or a product such as `B*L`. */
function sizeOf(dim: Dim, sizes: BatchSizes): number {
  if (typeof dim === 'number') return dim;
  return dim.split('*').reduce((product, symbol) => product * sizes[symbol as keyof BatchSizes], 1);
}
