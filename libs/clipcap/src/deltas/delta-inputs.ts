import { op, type GraphBuilder, type Int64Value } from '@housestyle/graph';
import type { Model } from '../layers.js';

/** Says how the rows of a batch are shared out among deltas: [G]. */
export const DELTA_GROUPS = 'delta_groups';

/**
 * A graph's linear layers with a low-rank delta of each image's own: y += (xA)B, where x [M, in] is G groups of M/G
 * rows and group n takes A[n] and B[n]. A group is an image, or all the images of one tenant when these stand together
 * and every tenant has as many. Inputs `delta_groups` [1], which is G, and of every linear layer `key`.A [G, in, r] and
 * `key`.B [G, r, out]. Batched products on the rows as they stand read each delta once and copy nothing; gathering
 * A and B by row would cost as many copies of them as there are beams.
 */
export function deltaInputs(g: GraphBuilder): NonNullable<Model['delta']> {
  const groups = g.input(DELTA_GROUPS, 'int64', [1]);
  const grouped = new Map<number, Int64Value>();
  const groupedShape = (width: number): Int64Value => {
    const shape = grouped.get(width) ?? op.concat(g, [groups, g.ints(-1, width)], 0);
    grouped.set(width, shape);
    return shape;
  };
  return (x, key, [input, output]) => {
    const a = g.input(`${key}.A`, 'float32', ['G', input, 'r']);
    const b = g.input(`${key}.B`, 'float32', ['G', 'r', output]);
    const ofGroup = op.reshape(g, x, groupedShape(input)); // [G, M/G, in]
    return op.reshape(g, op.matMul(g, op.matMul(g, ofGroup, a), b), [-1, output]);
  };
}
