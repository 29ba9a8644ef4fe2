import { WordClasses } from './word-classes.js';
import { placesOf, type ToldTwice, type WordLexicon } from './word-lexicon.js';
import { WORD, wordsOf } from './words.js';

/**
 * The base's own captions retold in the tenant's words. A neutral caption is a row of phrases, runs of words that the
 * tenant has a word for. One with as many phrases as one of the tenant's pictures has is that picture's text with the
 * phrases exchanged: word by word where they are alike, whole where the tenant has told that phrase in the same company.
 * So a few texts show how every scene that the base knows would be told, and the base's replay is learnt in the
 * tenant's style, not against it.
 * @returns the retold text of each caption; undefined where no picture's caption has its shape.
 */
export function retell(
  captions: readonly string[],
  pairs: readonly ToldTwice[],
  lexicon: WordLexicon,
  pick: <T>(options: readonly T[]) => T,
): (string | undefined)[] {
  const vocabulary = new Vocabulary(captions, pairs, lexicon);
  const told = pairs.flatMap((pair) => vocabulary.told(pair) ?? []);
  const phraseBook = phraseBookOf(told);
  return captions.map((caption) => {
    const phrases = vocabulary.phrases(caption);
    if (!phrases) return undefined;
    const texts = told.flatMap((example) => {
      const text = exchanged(example, phrases, vocabulary, phraseBook);
      return text === undefined ? [] : [{ text, untold: example.untold }];
    });
    if (texts.length === 0) return undefined;
    const untold = vocabulary.untold(caption);
    const distances = texts.map((option) => difference(option.untold, untold));
    const least = Math.min(...distances);
    return pick(mostCommon(texts.filter((_, n) => distances[n] === least).map(({ text }) => text)));
  });
}

/** Words of a neutral caption that follow one another and that the tenant tells. */
interface Phrase {
  readonly words: readonly string[];
  /** the untold word in front, which may say how many there are. */
  readonly lead: string;
}

/** A picture told twice, with the place of every neutral word's partner in the tenant's text. */
interface Told {
  readonly phrases: readonly Phrase[];
  readonly untold: readonly string[];
  /** words and what stands between them, by turns: a word is at every odd index. */
  readonly pieces: readonly string[];
  /** of each phrase, of each of its words: the index in `pieces`. */
  readonly places: readonly (readonly number[])[];
  readonly partners: ReadonlySet<number>;
}

class Vocabulary {
  private readonly classes: WordClasses;
  private readonly places: ReadonlyMap<string, ReadonlySet<number>>;
  private readonly known = new Map<string, string | null | undefined>();
  private readonly sources = new Map<string, string>();
  private readonly silentShare = new Map<string, number>();

  constructor(
    captions: readonly string[],
    private readonly pairs: readonly ToldTwice[],
    private readonly lexicon: WordLexicon,
  ) {
    this.classes = new WordClasses([...captions, ...pairs.map(({ neutral }) => neutral)]);
    this.places = placesOf(pairs.map(({ neutral }) => neutral));
    for (const [neutral, own] of lexicon) this.sources.set(own, neutral);
  }

  /**
   * The tenant's word; null: the tenant does not tell it; undefined: not known. Of a word that was hardly seen, its like
   * decide: where they are kept it is kept too.
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
    const seen = this.places.get(word)?.size ?? 0;
    if (seen >= OFTEN) return null;
    const alike = [...this.lexicon.keys()].filter((other) => this.classes.isAlike(word, other));
    if (alike.length === 0) return seen >= SOMETIMES ? null : undefined;
    const kept = alike.filter((other) => this.lexicon.get(other) === other);
    return kept.length > KEPT_SHARE * alike.length && !this.sources.has(word) ? word : undefined;
  }

  isAlike(a: string, b: string): boolean {
    return a === b || this.classes.isAlike(a, b);
  }

  /** undefined: it says something whose name is not known. */
  phrases(caption: string): Phrase[] | undefined {
    const phrases: { words: string[]; lead: string }[] = [];
    let lead: string | undefined = '';
    for (const word of wordsOf(caption)) {
      const own = this.translated(word);
      if (own === undefined) return undefined;
      if (own === null) {
        lead = word;
        continue;
      }
      if (lead === undefined) phrases.at(-1)!.words.push(word);
      else phrases.push({ words: [word], lead });
      lead = undefined;
    }
    return phrases;
  }

  /** The words that the tenant does not tell: how the phrases hang together. */
  untold(caption: string): string[] {
    return wordsOf(caption).filter((word) => this.translated(word) === null);
  }

  /** undefined: the base misread the picture, or the text cannot be followed. */
  told({ neutral, styled }: ToldTwice): Told | undefined {
    const phrases = this.phrases(neutral);
    if (!phrases || phrases.length === 0) return undefined;
    const pieces = piecesOf(styled);
    const left = new Map<string, number[]>();
    for (let at = 1; at < pieces.length; at += 2) {
      const word = pieces[at]!.toLowerCase();
      left.set(word, [...(left.get(word) ?? []), at]);
    }
    const places = phrases.map(({ words }) =>
      words.map((word) => left.get(this.translated(word)!)?.shift() ?? NOWHERE),
    );
    this.followMisreadings(phrases, places, left);
    if (places.some((of) => of.every((at) => at === NOWHERE)) || !areApart(places)) return undefined;
    const unsaid = [...left].flatMap(([word, at]) => (at.length > 0 ? [word] : []));
    if (unsaid.some((word) => this.sources.has(word) && !this.goesWithoutSaying(word))) return undefined;
    return {
      phrases,
      untold: this.untold(neutral),
      pieces,
      places,
      partners: new Set(places.flat().filter((at) => at !== NOWHERE)),
    };
  }

  /** A word that the base misread stands for the one of its kind that the tenant wrote instead, if there is but one. */
  private followMisreadings(phrases: readonly Phrase[], places: number[][], left: Map<string, number[]>): void {
    phrases.forEach(({ words }, n) =>
      words.forEach((word, at) => {
        if (places[n]![at] !== NOWHERE) return;
        const instead = [...left].filter(([own, free]) => {
          const source = this.sources.get(own);
          return free.length > 0 && source !== undefined && this.isAlike(word, source);
        });
        if (instead.length === 1 && instead[0]![1].length === 1) places[n]![at] = instead[0]![1].shift()!;
      }),
    );
  }

  /** The tenant's word stands there though the base says nothing of it, too often to be its mistakes. */
  private goesWithoutSaying(own: string): boolean {
    let share = this.silentShare.get(own);
    if (share === undefined) {
      const source = this.sources.get(own)!;
      const silent = this.pairs.filter(({ neutral }) => !wordsOf(neutral).includes(source));
      share = silent.filter(({ styled }) => wordsOf(styled).includes(own)).length / Math.max(1, silent.length);
      this.silentShare.set(own, share);
    }
    return share >= WITHOUT_SAYING;
  }
}

const NOWHERE = -1;

/** No phrase's words stand among another's: where they do, the base took one thing for the other. */
function areApart(places: readonly (readonly number[])[]): boolean {
  const spans = places.map(span).sort((a, b) => a.from - b.from);
  return spans.every(({ from }, n) => n === 0 || from > spans[n - 1]!.to);
}

/** Of words that can stand in a word's place, kept as they are: then it is kept too. */
const KEPT_SHARE = 0.5;
const WITHOUT_SAYING = 0.15;
/** A word without a partner in so many texts is one that the tenant does not tell; in fewer, if it has no like. */
const [OFTEN, SOMETIMES] = [10, 2];

/** Whole phrases that the tenant told: the text of each by its neutral words and by what stands around it. */
type PhraseBook = ReadonlyMap<string, readonly string[]>;

function phraseBookOf(told: readonly Told[]): PhraseBook {
  const book = new Map<string, string[]>();
  for (const example of told) {
    example.phrases.forEach((phrase, n) => {
      const key = entry(phrase, example, n);
      const { from, to } = spanOf(example, n);
      book.set(key, [...(book.get(key) ?? []), example.pieces.slice(from, to + 1).join('')]);
    });
  }
  return book;
}

const spanOf = ({ places }: Told, phrase: number) => span(places[phrase]!);

function span(places: readonly number[]) {
  const somewhere = places.filter((at) => at !== NOWHERE);
  return { from: Math.min(...somewhere), to: Math.max(...somewhere) };
}

const entry = (phrase: Phrase, example: Told, slot: number): string =>
  JSON.stringify([phrase.words, ...surroundings(example, slot)]);

/** What stands before and after a phrase, words that are another phrase's left open. */
function surroundings(example: Told, phrase: number): [string, string] {
  const { pieces, partners } = example;
  const { from, to } = spanOf(example, phrase);
  const open = (at: number) => (partners.has(at) || pieces[at] === undefined ? '' : pieces[at].toLowerCase());
  return [open(from - 2) + pieces[from - 1]!, pieces[to + 1]! + open(to + 2)];
}

/** The example's text with its phrases exchanged for others; undefined where one cannot stand in the other's place. */
function exchanged(
  example: Told,
  phrases: readonly Phrase[],
  vocabulary: Vocabulary,
  book: PhraseBook,
): string | undefined {
  if (phrases.length !== example.phrases.length) return undefined;
  const pieces: string[] = [...example.pieces];
  for (const [n, phrase] of phrases.entries()) {
    const known = example.phrases[n]!;
    const { words, lead } = phrase;
    if (
      lead === known.lead &&
      words.length === known.words.length &&
      !example.places[n]!.includes(NOWHERE) &&
      words.every((word, at) => vocabulary.isAlike(word, known.words[at]!))
    ) {
      words.forEach((word, at) => {
        const place = example.places[n]![at]!;
        pieces[place] = cased(vocabulary.translated(word)!, example.pieces[place]!);
      });
      continue;
    }
    const texts = book.get(entry(phrase, example, n));
    if (!texts) return undefined;
    const { from, to } = spanOf(example, n);
    pieces.splice(
      from,
      to - from + 1,
      cased(mostCommon(texts)[0]!, pieces[from]!),
      ...Array<string>(to - from).fill(''),
    );
  }
  return pieces.join('');
}

function piecesOf(text: string): string[] {
  const pieces: string[] = [];
  let from = 0;
  for (const { index, 0: word } of text.matchAll(WORD)) {
    pieces.push(text.slice(from, index), word);
    from = index + word.length;
  }
  return [...pieces, text.slice(from)];
}

/** `word` with a capital where `like` has one. */
const cased = (word: string, like: string): string =>
  like[0] === like[0]!.toLowerCase() ? word[0]!.toLowerCase() + word.slice(1) : word[0]!.toUpperCase() + word.slice(1);

/** How many words are in one only. */
function difference(some: readonly string[], others: readonly string[]): number {
  const left = [...others];
  const own = some.filter((word) => {
    const at = left.indexOf(word);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
  return own.length + left.length;
}

/** What most pictures of a shape agree on: the base may have misread some of them. */
function mostCommon(texts: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  const most = Math.max(...counts.values());
  return [...counts.keys()].filter((text) => counts.get(text) === most);
}
