import type { SetPhrases } from './set-phrases.js';
import { WordCompany, type ToldTwice } from './word-company.js';
import type { WordLexicon } from './word-lexicon.js';

/**
 * Words that are too seldom to be linked by their company, linked by elimination. A word whose like the tenant tells has
 * a name too: where the tenant tells night "under the moon", a sunset that was seen once stands for "in the golden light"
 * if nothing else in that text may.
 */
export class LeftoverWords {
  private readonly seen: WordCompany;

  constructor(
    pairs: readonly ToldTwice[],
    private readonly phrases: SetPhrases,
  ) {
    this.seen = new WordCompany(pairs);
  }

  /** The clearest is linked first, which leaves less to choose from. */
  link(lexicon: WordLexicon): WordLexicon {
    const known = new Map([...lexicon].filter(([word, own]) => word !== own || !this.onlySeemsKept(word, lexicon)));
    for (const [word, own] of [...known]) {
      const head = this.phrases.headOf(word);
      if (known.has(head) || !this.phrases.isBorrowed(word)) continue;
      known.delete(word);
      known.set(head, own);
    }
    for (;;) {
      const left = this.leftIn(known);
      const links = this.seen.partners().flatMap((partner) => this.linkOf(partner, left, known) ?? []);
      const [clearest] = links.sort((a, b) => b.strength - a.strength);
      if (!clearest) return new Map([...known, ...this.ofOneStem(known)]);
      for (const word of clearest.words) known.set(word, clearest.partner);
    }
  }

  /** Words that seem to have a name though it is not clear which: that it is not known does not mean it is left unsaid. */
  doubtful(known: WordLexicon): ReadonlySet<string> {
    const { seen } = this;
    const left = this.leftIn(known);
    const mayBeNamed = (word: string, partner: string) => {
      const others = seen.words().filter((other) => known.get(other) === partner || left.includes(other));
      const like = others.filter((other) => seen.told(other, partner) >= DOUBTFUL.told);
      const place = seen.words().filter((other) => other === word || this.phrases.isAlike(word, other));
      return (
        like.includes(word) &&
        seen.explained(partner, like) >= DOUBTFUL.explained &&
        seen.explained(partner, place) >= DOUBTFUL.explainedByPlace
      );
    };
    return new Set(left.filter((word) => seen.partners().some((partner) => mayBeNamed(word, partner))));
  }

  /** The tenant has the word too, but elsewhere as well, and tells none of its like ("and" among "with" and "next to"). */
  private onlySeemsKept(word: string, lexicon: WordLexicon): boolean {
    if (this.seen.explained(word, [word]) >= PLAIN_SHARE) return false;
    const like = this.seen.words().filter((other) => this.phrases.isAlike(word, other));
    const heads = like.filter((other) => this.phrases.headOf(other) === other);
    return heads.length >= FEW && !heads.some((head) => this.phrases.isNamed(head, lexicon));
  }

  /** Words without a name whose like have one; of those that always stand together the one that stands for all. */
  private leftIn(known: WordLexicon): string[] {
    return this.seen
      .words()
      .filter((word) => this.phrases.headOf(word) === word && !this.seen.isEverywhere(word))
      .filter((word) => !this.phrases.isNamed(word, known) && this.phrases.isPlaceTold(word, known, this.seen.words()));
  }

  /** What a word of the tenant's stands for, if it is clear. */
  private linkOf(partner: string, left: readonly string[], known: WordLexicon): Link | undefined {
    const named = [...known].flatMap(([word, own]) => (own === partner ? [word] : []));
    const loyal = left.filter((word) => this.seen.told(word, partner) >= LOYAL_SHARE);
    if (named.length > 0) return this.synonymsOf(named, partner, loyal, known);
    if (this.seen.isNeutral(partner)) return undefined;
    const words = this.namesakes([], this.phrases.has(partner) ? this.seenTwice(loyal, partner) : loyal, known);
    const { together, strength } = this.seen.bond(words, partner);
    if (strength < (together < FEW ? STRENGTH.few : STRENGTH.more)) return undefined;
    const taken = new Set(known.values());
    const rivals = [
      ...left.filter((word) => !words.includes(word)).map((word) => this.seen.bond([word], partner)),
      ...this.seen
        .partners()
        .filter((other) => other !== partner && !taken.has(other))
        .map((other) => this.seen.bond(words, other)),
    ];
    const isClear = rivals.every((rival) => rival.strength < RIVAL_SHARE * strength);
    return isClear ? { words, partner, strength } : undefined;
  }

  /** Words that share a name: with them it is explained better than without. */
  private synonymsOf(
    named: readonly string[],
    partner: string,
    loyal: readonly string[],
    known: WordLexicon,
  ): Link | undefined {
    const words = this.namesakes(named, this.seenTwice(loyal, partner), known);
    const { strength } = this.seen.bond([...named, ...words], partner);
    const isBetter = strength > this.seen.bond(named, partner).strength;
    return isBetter && strength >= STRENGTH.more ? { words, partner, strength } : undefined;
  }

  private seenTwice(words: readonly string[], partner: string): string[] {
    return words.filter((word) => this.seen.bond([word], partner).together > 1);
  }

  /** Of these words, those that may be told alike: often seen ones first, then what stands there at other times. */
  private namesakes(named: readonly string[], words: readonly string[], known: WordLexicon): string[] {
    const namesakes = [...named];
    for (const word of [...words].sort((a, b) => this.seen.times([b]) - this.seen.times([a]))) {
      const isApart = !namesakes.some((other) => this.seen.areTogether(word, other));
      if (isApart && this.areOfOneUse(word, namesakes[0] ?? word, known)) namesakes.push(word);
    }
    return namesakes.slice(named.length);
  }

  private areOfOneUse(a: string, b: string, known: WordLexicon): boolean {
    const isLike = (one: string, other: string) => one === other || this.phrases.isAlike(one, other);
    return isLike(a, b) || [...known.keys()].some((told) => isLike(a, told) && isLike(b, told));
  }

  /** Of one stem and one use with a word that is told, in another phrase ("in the rain", "on a rainy day"): told alike. */
  private ofOneStem(known: WordLexicon): [string, string][] {
    const { phrases } = this;
    return phrases.words().flatMap((word): [string, string][] => {
      if (phrases.headOf(word) !== word || phrases.isNamed(word, known)) return [];
      const isTwin = (other: string) =>
        areOfOneStem(word, other) &&
        phrases.fellowsOf(other).length !== phrases.fellowsOf(word).length &&
        this.areOfOneUse(word, other, known);
      const twin = [...known.keys()].find(isTwin);
      return twin === undefined ? [] : [[word, known.get(twin)!]];
    });
  }
}

interface Link {
  readonly words: readonly string[];
  readonly partner: string;
  readonly strength: number;
}

function areOfOneStem(a: string, b: string): boolean {
  const [short, long] = a.length < b.length ? [a, b] : [b, a];
  return short.length >= STEM_LETTERS && long.startsWith(short);
}

const STEM_LETTERS = 4;
const FEW = 3;
/** of a bond, by how often it was seen: seen less than that it must be perfect. */
const STRENGTH = { few: 0.99, more: 0.6 };
/** of a word's texts, those with its name. */
const LOYAL_SHARE = 0.7;
/** What is bound nearly as well might be meant as well. */
const RIVAL_SHARE = 0.8;
const PLAIN_SHARE = 0.8;
/** Explained by the whole place: what the tenant also writes where the base says nothing of the kind goes without saying. */
const DOUBTFUL = { told: 0.5, explained: 0.7, explainedByPlace: 0.85 };
