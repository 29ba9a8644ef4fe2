/** IEEE half precision → single. Exact. */
export function float16ToFloat32(bits: Uint16Array): Float32Array {
  const values = (singles ??= Float32Array.from({ length: 2 ** 16 }, (_, half) => singleOf(half)));
  const converted = new Float32Array(bits.length);
  // a loop over a table: Array.from with a rule takes a fifth of a second for a tenant's 1.2 million numbers
  for (let i = 0; i < bits.length; i++) converted[i] = values[bits[i]!]!;
  return converted;
}

/** bfloat16 is the upper half of a single. Exact. */
export function bfloat16ToFloat32(bits: Uint16Array): Float32Array {
  return new Float32Array(Uint32Array.from(bits, (upper) => upper << 16).buffer);
}

/** The single of every half: 256 kB, made when the first is met. */
let singles: Float32Array | undefined;

/** 1 sign, 5 exponent, 10 fraction bits. */
function singleOf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
