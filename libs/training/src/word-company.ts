import type { WordClasses } from './word-classes.js';
import { placesOf } from './words.js';

/** A neutral caption of the base's and what the tenant wrote under the same picture. */
export interface ToldTwice {
  readonly neutral: string;
  readonly styled: string;
}

export interface Bond {
  /** in how many pairs. */
  readonly together: number;
  /** the phi coefficient: 1 always together, 0 as chance would have it. */
  readonly strength: number;
}

/** Which words stand in the neutral texts, and which in the tenant's under the same pictures. */
export class WordCompany {
  private readonly neutral: ReadonlyMap<string, ReadonlySet<number>>;
  private readonly styled: ReadonlyMap<string, ReadonlySet<number>>;
  private readonly count: number;

  constructor(pairs: readonly ToldTwice[]) {
    this.neutral = placesOf(pairs.map((pair) => pair.neutral));
    this.styled = placesOf(pairs.map((pair) => pair.styled));
    this.count = pairs.length;
  }

  bonds(): ({ readonly word: string; readonly partner: string } & Bond)[] {
    return [...this.neutral].flatMap(([word, at]) =>
      [...this.styled].flatMap(([partner, places]) => {
        const bond = bondOf(at, places, this.count);
        return bond.together > 0 ? [{ word, partner, ...bond }] : [];
      }),
    );
  }

  /** Of any of these words. */
  bond(words: readonly string[], partner: string): Bond {
    const at = new Set(words.flatMap((word) => [...(this.neutral.get(word) ?? [])]));
    return bondOf(at, this.styled.get(partner) ?? new Set(), this.count);
  }

  /** Neutral ones. */
  words(): string[] {
    return [...this.neutral.keys()];
  }

  /** The tenant's words. */
  partners(): string[] {
    return [...this.styled.keys()];
  }

  /** Neutral words by class. */
  classesOf(classes: WordClasses): string[][] {
    const by = new Map<string, string[]>();
    for (const word of this.neutral.keys()) {
      const leader = classes.classOf(word);
      by.set(leader, [...(by.get(leader) ?? []), word]);
    }
    return [...by.values()];
  }

  times(words: readonly string[]): number {
    return words.reduce((sum, word) => sum + this.neutral.get(word)!.size, 0);
  }

  /** One of these words stands in the tenant's text where one stands in the neutral: maybe another, if misread. */
  areKept(words: readonly string[]): boolean {
    const union = (places: ReadonlyMap<string, ReadonlySet<number>>) =>
      new Set(words.flatMap((word) => [...(places.get(word) ?? [])]));
    const { strength } = bondOf(union(this.neutral), union(this.styled), this.count);
    return strength >= KEPT_CLASS.strength && strength ** 2 * this.count >= KEPT_CLASS.chiSquared;
  }

  /** It tells nothing. */
  isEverywhere(word: string): boolean {
    return this.neutral.get(word)!.size > EVERYWHERE * this.count;
  }

  /** It stands at least once in the tenant's text where it stands in the neutral. */
  isKept(word: string): boolean {
    return [...this.neutral.get(word)!].some((n) => this.styled.get(word)?.has(n));
  }

  /** The share of the tenant's texts with this word whose neutral ones have one of those. */
  explained(partner: string, words: readonly string[]): number {
    const at = [...this.styled.get(partner)!];
    return at.filter((n) => words.some((word) => this.neutral.get(word)!.has(n))).length / at.length;
  }

  /** The share of the neutral texts with this word whose styled ones have the partner. */
  told(word: string, partner: string): number {
    const at = [...this.neutral.get(word)!];
    return at.filter((n) => this.styled.get(partner)!.has(n)).length / at.length;
  }

  areTogether(a: string, b: string): boolean {
    return [...this.neutral.get(a)!].some((n) => this.neutral.get(b)!.has(n));
  }

  isNeutral(word: string): boolean {
    return this.neutral.has(word);
  }
}

const EVERYWHERE = 0.6;
const KEPT_CLASS = { strength: 0.5, chiSquared: 6 };

function bondOf(a: ReadonlySet<number>, b: ReadonlySet<number>, count: number): Bond {
  const together = [...a].filter((n) => b.has(n)).length;
  const spread = Math.sqrt(a.size * (count - a.size) * b.size * (count - b.size));
  return { together, strength: spread === 0 ? 0 : (count * together - a.size * b.size) / spread };
}
