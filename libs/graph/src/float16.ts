/** Single → IEEE half precision, as its bits: the nearest, of two as near the even one; infinite from 65,520 on. */
export function toFloat16(values: Float32Array): Uint16Array {
  const halves = new Uint16Array(values.length);
  const singles = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let i = 0; i < singles.length; i++) halves[i] = halfOf(singles[i]!);
  return halves;
}

export const isFiniteHalf = (half: number): boolean => (half & 0x7c00) !== 0x7c00;

/** Of a single's bits: 1 sign, 8 exponent, 23 fraction bits to 1, 5 and 10. */
function halfOf(single: number): number {
  const sign = (single >>> 16) & 0x8000;
  const size = single & 0x7fffffff;
  if (size > 0x7f800000) return sign | 0x7e00; // not a number
  if (size >= 0x477ff000) return sign | 0x7c00;
  if (size >= SMALLEST_NORMAL) return sign | roundedShift(size - EXPONENT_SHIFT, 13);
  // below 2^-14: so many steps of 2^-24
  const shift = 126 - (size >>> 23);
  return shift > 24 ? sign : sign | roundedShift((size & 0x7fffff) | 0x800000, shift);
}

/** Exponents are 127 more than they say in a single, 15 in a half. */
const EXPONENT_SHIFT = (127 - 15) << 23;
const SMALLEST_NORMAL = (127 - 14) << 23;

/** bits / 2^shift, to the nearest, of two the even one. */
function roundedShift(bits: number, shift: number): number {
  const [whole, rest, half] = [bits >>> shift, bits & ((1 << shift) - 1), 1 << (shift - 1)];
  return rest > half || (rest === half && whole % 2 === 1) ? whole + 1 : whole;
}
