import type { SetPhrases } from './set-phrases.js';
import type { WordClasses } from './word-classes.js';
import type { ToldTwice } from './word-company.js';
import type { WordLexicon } from './word-lexicon.js';
import { placesOf, wordsOf } from './words.js';

/** Words of a neutral caption that follow one another and that the tenant tells. */
export interface Phrase {
  readonly words: readonly string[];
  /** the untold word in front, which may say how many there are. */
  readonly lead: string;
  /** of its words. */
  readonly classes: string;
  /** which phrases it can stand in the place of: those of the same lead and of words of the same classes. */
  readonly shape: string;
}

/** What becomes of the base's words in a tenant's captions. */
export class TenantVocabulary {
  /** where the base's words stand in all its captions. */
  private readonly captions: ReadonlyMap<string, ReadonlySet<number>>;
  private readonly captionCount: number;
  private readonly places: ReadonlyMap<string, ReadonlySet<number>>;
  private readonly known = new Map<string, string | null | undefined>();
  private readonly sources = new Map<string, string>();
  private readonly silentShare = new Map<string, number>();
  private readonly exclusions = new Map<string, boolean>();
  private readonly keepsMost: boolean;
  /** words without a partner, seen often enough to be sure. */
  private readonly silent: ReadonlySet<string>;

  constructor(
    captions: readonly string[],
    readonly classes: WordClasses,
    private readonly setPhrases: SetPhrases,
    private readonly pairs: readonly ToldTwice[],
    private readonly lexicon: WordLexicon,
    /** words that seem to have a name though it is not known. */
    private readonly doubtful: ReadonlySet<string>,
  ) {
    this.captions = placesOf(captions);
    this.captionCount = captions.length;
    this.places = placesOf(pairs.map(({ neutral }) => neutral));
    for (const [neutral, own] of lexicon) this.sources.set(own, neutral);
    this.keepsMost = [...lexicon].filter(([word, own]) => word === own).length > MOST * lexicon.size;
    this.silent = new Set(
      [...this.places].flatMap(([word, at]) => (at.size >= OFTEN && !lexicon.has(word) ? [word] : [])),
    );
  }

  /**
   * The tenant's word; null: the tenant does not tell it; undefined: not known. Of a word that was hardly seen, its like
   * decide; of one without any, whether the tenant keeps most words.
   */
  translated(word: string): string | null | undefined {
    const known = this.known.get(word);
    if (known !== undefined || this.known.has(word)) return known;
    const found = this.find(word);
    this.known.set(word, found);
    return found;
  }

  private find(word: string): string | null | undefined {
    const own = this.lexicon.get(word);
    if (own !== undefined) return own;
    const seen = this.timesSeen(word);
    const told = [...this.lexicon.keys()].filter((other) => this.isAlike(word, other));
    const silent = [...this.silent].filter((other) => other !== word && this.isAlike(word, other));
    if (told.length === 0) return this.findByPlace(word, silent.length > 0);
    if (seen > told.reduce((sum, other) => sum + this.timesSeen(other), 0) || silent.length > told.length) return null;
    const kept = told.filter((other) => this.lexicon.get(other) === other);
    const isKept = seen < OFTEN && kept.length > MOST * told.length && !this.sources.has(word);
    return isKept ? word : undefined;
  }

  /** None of its like is told: what can stand in its place, with what it always stands with, decides. */
  private findByPlace(word: string, hasSilentLike: boolean): string | null | undefined {
    if (this.doubtful.has(word)) return undefined;
    const seen = this.timesSeen(word);
    const asItStands = this.keepsMost ? word : undefined;
    if (seen < OFTEN) {
      const isTold = this.setPhrases.isPlaceTold(word, this.lexicon, [...this.places.keys()]);
      if (seen === 0 && isTold !== undefined) return isTold ? asItStands : null;
      if (isTold && !this.setPhrases.isNamed(word, this.lexicon)) return undefined;
    }
    return seen > 0 || hasSilentLike ? null : asItStands;
  }

  isAlike(a: string, b: string): boolean {
    return a === b || this.classes.isAlike(a, b);
  }

  /** The neutral word that the tenant's stands for; a word that the base never says stands for none. */
  sourceOf(own: string): string | undefined {
    const isNeutral = this.captions.has(own) || this.places.has(own);
    return this.sources.get(own) ?? (isNeutral && this.translated(own) === own ? own : undefined);
  }

  /** As `translated`, but what has no known name is called as the base calls it. */
  named(word: string): string | null {
    const own = this.translated(word);
    return own === undefined ? word : own;
  }

  /** undefined: it says something whose name is not known. */
  phrases(caption: string, nameOf = (word: string) => this.translated(word)): Phrase[] | undefined {
    const phrases: { words: string[]; lead: string }[] = [];
    let lead: string | undefined = '';
    for (const word of wordsOf(caption)) {
      const own = nameOf(word);
      if (own === undefined) return undefined;
      if (own === null) {
        lead = word;
        continue;
      }
      if (lead === undefined) phrases.at(-1)!.words.push(word);
      else phrases.push({ words: [word], lead });
      lead = undefined;
    }
    return phrases.map(({ words, lead }) => {
      const classes = words.map((word) => this.classes.classOf(word)).join(' ');
      return { words, lead, classes, shape: `${lead}: ${classes}` };
    });
  }

  /** The words that the tenant does not tell: how the phrases hang together. */
  untold(caption: string): string[] {
    return wordsOf(caption).filter((word) => this.translated(word) === null);
  }

  /** The tenant's word stands there though the base says nothing of it, too often to be its mistakes. */
  goesWithoutSaying(own: string): boolean {
    let share = this.silentShare.get(own);
    if (share === undefined) {
      const source = this.sourceOf(own)!;
      const isSilent = (neutral: string) => !wordsOf(neutral).some((word) => this.excludes(word, source));
      const silent = this.pairs.filter(({ neutral }) => isSilent(neutral));
      share = silent.filter(({ styled }) => wordsOf(styled).includes(own)).length / Math.max(1, silent.length);
      this.silentShare.set(own, share);
    }
    return share >= WITHOUT_SAYING;
  }

  /** A caption says one of the two, or neither. */
  private excludes(word: string, other: string): boolean {
    const key = `${word} ${other}`;
    const known = this.exclusions.get(key);
    if (known !== undefined) return known;
    const excludes = this.findsExclusion(word, other);
    this.exclusions.set(key, excludes);
    return excludes;
  }

  private findsExclusion(word: string, other: string): boolean {
    if (!this.translated(word)) return false;
    if (this.isAlike(word, other)) return true;
    const { together, expected } = this.company(word, other);
    return together <= EXCLUDED_SHARE * expected;
  }

  private company(word: string, other: string) {
    const [at, places] = [this.captions.get(word), this.captions.get(other)];
    if (!at || !places) return { together: 1, expected: 1 };
    const together = [...at].filter((n) => places.has(n)).length;
    return { together, expected: (at.size * places.size) / this.captionCount };
  }

  private timesSeen(word: string): number {
    return this.places.get(word)?.size ?? 0;
  }
}

const MOST = 0.5;
const EXCLUDED_SHARE = 0.1;
const WITHOUT_SAYING = 0.15;
/** A word without a partner in so many texts is one that the tenant does not tell. */
const OFTEN = 4;
