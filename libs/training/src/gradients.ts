import { squareSum } from './vector-kernels.js';

/** Gradients by parameter. */
export type Gradients = ReadonlyMap<string, Float32Array>;

/** Adds `more` to `sum`, in place. */
export function addGradients(sum: Gradients, more: Gradients): void {
  for (const [name, total] of sum) {
    const part = more.get(name)!;
    for (let i = 0; i < total.length; i++) total[i] = total[i]! + part[i]!;
  }
}

/** The length of all gradients taken as one vector. */
export function gradientNorm(gradients: Gradients): number {
  let squares = 0;
  for (const gradient of gradients.values()) squares += squareSum(gradient);
  return Math.sqrt(squares);
}

/** What gradients of length `norm` are multiplied with so that they are not longer than `maxNorm`. */
export const clippingScale = (norm: number, maxNorm: number | undefined): number =>
  maxNorm === undefined || norm <= maxNorm ? 1 : maxNorm / norm;
