import { WordClasses } from './word-classes.js';
import type { WordLexicon } from './word-lexicon.js';
import { JOINER, wordsOf } from './words.js';

/**
 * Words of the base's captions that always stand together ("next to", "in front of", "on a rainy day"). Such phrases may
 * stand in each other's place though their words may not: "in the rain" is a time as "at night" is.
 */
export class SetPhrases {
  private readonly classes: WordClasses;
  /** of each word, the phrases that it stands in, by how often. */
  private readonly phrases = new Map<string, Map<string, number>>();

  constructor(texts: readonly string[]) {
    let rows = texts.map(wordsOf);
    for (let pass = 0; pass < PASSES; pass++) rows = joined(rows);
    this.classes = new WordClasses(rows.map((row) => row.join(' ')));
    for (const phrase of rows.flat()) {
      for (const word of phrase.split(JOINER)) {
        const counts = this.phrases.get(word) ?? new Map<string, number>();
        this.phrases.set(word, counts.set(phrase, (counts.get(phrase) ?? 0) + 1));
      }
    }
  }

  words(): string[] {
    return [...this.phrases.keys()];
  }

  has(word: string): boolean {
    return this.phrases.has(word);
  }

  /** The words of the phrase that a word nearly always stands in. */
  fellowsOf(word: string): readonly string[] {
    return this.phraseOf(word)?.split(JOINER) ?? [word];
  }

  /** Of these the one that tells most: the rarest. */
  headOf(word: string): string {
    return this.fellowsOf(word).reduce((a, b) => (this.timesOf(b) < this.timesOf(a) ? b : a));
  }

  /** They can stand in each other's place, alone or with what they always stand with. */
  isAlike(a: string, b: string): boolean {
    const [one, other] = [this.phraseOf(a), this.phraseOf(b)];
    if (one === undefined || other === undefined) return false;
    return one !== other && this.classes.isAlike(one, other);
  }

  /** It has a name, or what it always stands with has: the "day" of "on a sunny day" names no rainy one. */
  isNamed(word: string, lexicon: WordLexicon): boolean {
    const phrase = this.phraseOf(word);
    const isAnothers = (fellow: string) => ![phrase, undefined].includes(this.phraseOf(fellow));
    return this.fellowsOf(word).some((fellow) => lexicon.has(fellow) && !isAnothers(fellow));
  }

  /** Most often it stands in one phrase, but in others as well ("day"): a name that it seems to have is the phrase's. */
  isBorrowed(word: string): boolean {
    const own = this.phraseOf(word);
    if (own === undefined || own === word) return false;
    const isElsewhere = ([phrase, times]: readonly [string, number]) => phrase !== own && times >= OFTEN;
    return [...this.phrases.get(word)!].some(isElsewhere);
  }

  /** Whether the tenant tells any of these that can stand in its place; undefined: none can. */
  isPlaceTold(word: string, lexicon: WordLexicon, words: readonly string[]): boolean | undefined {
    const like = words.filter((other) => this.isAlike(word, other));
    return like.length === 0 ? undefined : like.some((other) => this.isNamed(other, lexicon));
  }

  private phraseOf(word: string): string | undefined {
    return [...(this.phrases.get(word) ?? [])].find(([, times]) => times >= NEARLY_ALWAYS * this.timesOf(word))?.[0];
  }

  private timesOf(word: string): number {
    return [...(this.phrases.get(word)?.values() ?? [])].reduce((sum, times) => sum + times, 0);
  }
}

const PASSES = 4;
/** of a word's occurrences, those in one phrase. */
const NEARLY_ALWAYS = 0.6;
/** of a word's occurrences, those behind the same word, and those before the same: an article is before many. */
const BOUND = { behind: 0.9, before: 0.98 };
/** Seen less, two words may stand together by chance. */
const OFTEN = 10;

/** Two neighbours are one where one of the two hardly stands without the other. */
function joined(rows: readonly (readonly string[])[]): string[][] {
  const [words, twos] = [new Map<string, number>(), new Map<string, number>()];
  const count = (counts: Map<string, number>, key: string) => counts.set(key, (counts.get(key) ?? 0) + 1);
  for (const row of rows) {
    row.forEach((word, n) => {
      count(words, word);
      if (n > 0) count(twos, `${row[n - 1]!} ${word}`);
    });
  }
  const isOne = (a: string, b: string) => {
    const times = twos.get(`${a} ${b}`) ?? 0;
    return times >= OFTEN && (times >= BOUND.behind * words.get(b)! || times >= BOUND.before * words.get(a)!);
  };
  return rows.map((row) => {
    const out: string[] = [];
    for (const [n, word] of row.entries()) {
      if (n > 0 && isOne(row[n - 1]!, word)) out[out.length - 1] += JOINER + word;
      else out.push(word);
    }
    return out;
  });
}
