import { squareSum } from './vector-kernels.js';

/** Gradients by parameter, each in one or several parts, one after the other; alike in all steps of a session. */
export type Gradients = ReadonlyMap<string, readonly Float32Array[]>;

/** Adds `more`, which has the same parts, to `sum`, in place. */
export function addGradients(sum: Gradients, more: Gradients): void {
  for (const [name, totals] of sum) {
    for (const [n, total] of totals.entries()) addInPlace(total, more.get(name)![n]!);
  }
}

function addInPlace(total: Float32Array, more: Float32Array): void {
  for (let i = 0; i < total.length; i++) total[i] = total[i]! + more[i]!;
}

/** The length of all gradients taken as one vector. */
export function gradientNorm(gradients: Gradients): number {
  let squares = 0;
  for (const part of [...gradients.values()].flat()) squares += squareSum(part);
  return Math.sqrt(squares);
}

/** What gradients of length `norm` are multiplied with so that they are not longer than `maxNorm`. */
export const clippingScale = (norm: number, maxNorm: number | undefined): number =>
  maxNorm === undefined || norm <= maxNorm ? 1 : maxNorm / norm;
