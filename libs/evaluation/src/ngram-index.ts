/** n-grams of 1 to 4 words. */
export const MAX_ORDER = 4;

/** By order minus one: how often each n-gram, by its number in the index, occurs. */
export type NgramCounts = readonly ReadonlyMap<number, number>[];

/**
 * Numbers for words and n-grams, given as they come. An n-gram is known by its first n−1 words' number and its last
 * word's, so that counting makes no strings: the 200,000 references of COCO's test split take seconds.
 */
export class NgramIndex {
  private readonly words = new Map<string, number>();
  private readonly grams = new Map<number, number>();

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

  private extend(gram: number, word: number): number {
    // exact below 2^53: two million words, four billion n-grams
    const key = gram * MAX_WORDS + word;
    const known = this.grams.get(key);
    if (known !== undefined) return known;
    this.grams.set(key, this.grams.size + 1);
    return this.grams.size;
  }
}

const MAX_WORDS = 2 ** 21;
