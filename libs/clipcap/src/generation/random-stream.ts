/**
 * Repeatable random numbers: the sfc32 generator (Chris Doty-Humphrey, PractRand, public domain), whose state of 128 bits
 * takes a whole key, so that streams of different keys have nothing to do with each other.
 */
export class RandomStream {
  private state: Uint32Array;

  /** @param key up to three 32-bit words */
  constructor(key: readonly number[]) {
    this.state = Uint32Array.of(key[0] ?? 0, key[1] ?? 0, key[2] ?? 0, 1);
    for (let round = 0; round < WARM_UP_ROUNDS; round++) this.word();
  }

  /** Evenly distributed in [0, 1), 53 bits fine. */
  next(): number {
    return ((this.word() >>> 5) * 2 ** 26 + (this.word() >>> 6)) / 2 ** 53;
  }

  private word(): number {
    const [a, b, c, counter] = this.state as unknown as [number, number, number, number];
    const sum = (a + b + counter) >>> 0;
    this.state[3] = counter + 1;
    this.state[0] = b ^ (b >>> 9);
    this.state[1] = c + (c << 3);
    this.state[2] = ((c << 21) | (c >>> 11)) + sum;
    return sum;
  }
}

/** A 32-bit word that depends on every byte (FNV-1a). */
export function hashOf(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/** Enough for every bit of the key to reach every bit of the state. */
const WARM_UP_ROUNDS = 15;
