import { HabitBook } from './habit-book.js';
import type { Phrase, TenantVocabulary } from './tenant-vocabulary.js';

/** A phrase as a tenant told it. */
export interface ToldPhrase {
  readonly phrase: Phrase;
  /** whether it is the first and the last of its kind in a row. */
  readonly place: string;
  readonly text: PhraseText;
}

/** How a tenant tells a phrase: its words by their number, and what stands after each but the last. */
export interface PhraseText {
  readonly order: readonly number[];
  readonly between: readonly string[];
}

/**
 * How a tenant tells phrases of each shape. The untold word in front may say how many there are ("a", "three"), unless
 * the phrase begins with such a word itself: then it is told alike behind all ("above two cats", "next to two cats").
 */
export class PhraseTexts {
  private readonly byShape: Shelf;
  private readonly byClasses: Shelf;
  /** of phrases of the same classes, the words in front. */
  private readonly leads = new Map<string, Set<string>>();

  /** @param known phrases of the base's captions */
  constructor(
    told: readonly ToldPhrase[],
    known: readonly Phrase[],
    private readonly vocabulary: TenantVocabulary,
  ) {
    for (const { classes, lead } of known) this.leads.set(classes, (this.leads.get(classes) ?? new Set()).add(lead));
    this.byShape = new Shelf(told, ({ shape }) => shape);
    this.byClasses = new Shelf(told, ({ classes }) => classes);
  }

  /** undefined: the tenant's captions do not show how. */
  likeliest(phrase: Phrase, place: string): PhraseText | undefined {
    const text = this.byShape.likeliest(phrase.shape, place) ?? this.behindOthers(phrase, place);
    return text === undefined ? undefined : (JSON.parse(text) as PhraseText);
  }

  /** As behind other words in front, where these tell nothing: or told alike behind all, and wherever it stands. */
  private behindOthers(phrase: Phrase, place: string): string | undefined {
    if (this.leadsItself(phrase)) return this.byClasses.likeliest(phrase.classes, place);
    return this.byShape.has(phrase.shape) ? this.byClasses.always(phrase.classes) : undefined;
  }

  /** It says itself what the word in front of others says. */
  leadsItself({ words, classes }: Phrase): boolean {
    if (words.length === 1 || !this.leads.get(classes)?.has('')) return false;
    const leads = this.leads.get(classes.slice(classes.indexOf(' ') + 1)) ?? [];
    return [...leads].some((lead) => this.vocabulary.isAlike(words[0]!, lead));
  }
}

/** Phrases by what they have in common. */
class Shelf {
  private readonly book: HabitBook;
  private readonly places = new Map<string, Set<string>>();
  private readonly texts = new Map<string, Set<string>>();

  constructor(told: readonly ToldPhrase[], subjectOf: (phrase: Phrase) => string) {
    const habits = told.map(({ phrase, place, text }) => ({
      subject: subjectOf(phrase),
      features: [place],
      deciding: 1,
      text: JSON.stringify(text),
    }));
    this.book = new HabitBook(habits);
    for (const { subject, features, text } of habits) {
      this.places.set(subject, (this.places.get(subject) ?? new Set()).add(features[0]!));
      this.texts.set(subject, (this.texts.get(subject) ?? new Set()).add(text));
    }
  }

  has(subject: string): boolean {
    return this.places.has(subject);
  }

  /** In a place where none was seen: what is told in all others. */
  likeliest(subject: string, place: string): string | undefined {
    const isSeen = this.places.get(subject)?.has(place);
    return isSeen ? this.book.likely({ subject, features: [place] })[0] : this.always(subject);
  }

  /** What is told alike in all of several places. */
  always(subject: string): string | undefined {
    const texts = [...(this.texts.get(subject) ?? [])];
    return texts.length === 1 && this.places.get(subject)!.size > 1 ? texts[0] : undefined;
  }
}

/**
 * @param places of each word of the phrase, the index in `pieces`
 * @param pieces the tenant's words and what stands between them, by turns
 */
export function phraseText(places: readonly number[], pieces: readonly string[]): PhraseText {
  const order = places.map((_, n) => n).sort((a, b) => places[a]! - places[b]!);
  const between = order.slice(1).map((at, n) => pieces.slice(places[order[n]!]! + 1, places[at]).join(''));
  return { order, between };
}
