import { readWeight, requireWeight, type WeightSource } from '@housestyle/graph';

/** The rows of the matrix `name` [n, width]. @throws DomainError `invalid_model` */
export function rowsOfMatrix(source: WeightSource, name: string): Float32Array[] {
  const [count = 0, width = 0] = requireWeight(source, name).dims;
  const values = readWeight(source, name);
  return Array.from({ length: count }, (_, row) => values.slice(row * width, (row + 1) * width));
}
