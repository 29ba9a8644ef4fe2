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

/** In four sums side by side: each addition would wait for the one before it. */
function squareSum(values: Float32Array): number {
  let [a, b, c, d] = [0, 0, 0, 0];
  const whole = values.length - (values.length % 4);
  for (let i = 0; i < whole; i += 4) {
    a += values[i]! * values[i]!;
    b += values[i + 1]! * values[i + 1]!;
    c += values[i + 2]! * values[i + 2]!;
    d += values[i + 3]! * values[i + 3]!;
  }
  for (let i = whole; i < values.length; i++) a += values[i]! * values[i]!;
  return a + b + c + d;
}

/** What gradients of length `norm` are multiplied with so that they are not longer than `maxNorm`. */
export const clippingScale = (norm: number, maxNorm: number | undefined): number =>
  maxNorm === undefined || norm <= maxNorm ? 1 : maxNorm / norm;
