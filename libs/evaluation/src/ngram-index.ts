/** n-grams of 1 to 4 words. */
export const MAX_ORDER = 4;

/** By order minus one: how often each n-gram, by its number in the index, occurs. */
export type NgramCounts = readonly ReadonlyMap<number, number>[];

/**
 * Numbers for words and n-grams, given as they come. An n-gram is known by its first n−1 words' number and its last
 * word's, in a hash table of integers, so that counting makes neither strings nor objects: COCO's 200,000 validation
 * references take seconds.
 */
export class NgramIndex {
  private readonly words = new Map<string, number>();
  /** A slot is (first words' number, last word's, its own number), empty where its own is 0. */
  private slots = new Int32Array(3 * 2 ** 12);
  private size = 0;

  count(words: readonly string[]): NgramCounts {
    const counts = Array.from({ length: MAX_ORDER }, () => new Map<number, number>());
    const numbers = words.map((word) => this.numberOf(word));
    for (let from = 0; from < numbers.length; from++) {
      let gram = 0;
      for (let order = 0; order < MAX_ORDER && from + order < numbers.length; order++) {
        gram = this.extend(gram, numbers[from + order]!);
        counts[order]!.set(gram, (counts[order]!.get(gram) ?? 0) + 1);
      }
    }
    return counts;
  }

  private numberOf(word: string): number {
    const known = this.words.get(word);
    if (known !== undefined) return known;
    this.words.set(word, this.words.size);
    return this.words.size - 1;
  }

  /** @param gram 0 for none */
  private extend(gram: number, word: number): number {
    const slot = this.slotOf(gram, word);
    if (this.slots[slot + 2] !== 0) return this.slots[slot + 2]!;
    this.slots.set([gram, word, ++this.size], slot);
    if (6 * this.size > this.slots.length) this.grow();
    return this.size;
  }

  /** Where an n-gram is, or belongs. */
  private slotOf(gram: number, word: number): number {
    const { slots } = this;
    const mask = slots.length / 3 - 1;
    let hash = Math.imul(gram, 0x9e3779b1) ^ Math.imul(word, 0x85ebca6b);
    hash ^= hash >>> 15;
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const slot = 3 * at;
      if (slots[slot + 2] === 0 || (slots[slot] === gram && slots[slot + 1] === word)) return slot;
    }
  }

  private grow(): void {
    const old = this.slots;
    this.slots = new Int32Array(2 * old.length);
    for (let slot = 0; slot < old.length; slot += 3) {
      if (old[slot + 2] !== 0) this.slots.set(old.subarray(slot, slot + 3), this.slotOf(old[slot]!, old[slot + 1]!));
    }
  }
}
