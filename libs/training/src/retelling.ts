import { withoutHindrances } from './hindering-words.js';
import { JointWriter, type Joint } from './joint-writer.js';
import { LeftoverWords } from './leftover-words.js';
import { joined, separated } from './own-phrases.js';
import { PhraseKinds } from './phrase-kinds.js';
import { phraseText, PhraseTexts, type ToldPhrase } from './phrase-texts.js';
import { SetPhrases } from './set-phrases.js';
import { TenantVocabulary, type Phrase } from './tenant-vocabulary.js';
import { follow, span, type ToldCaption } from './told-captions.js';
import { WordClasses } from './word-classes.js';
import type { ToldTwice } from './word-company.js';
import { learnLexicon, type WordLexicon } from './word-lexicon.js';
import { wordsEverywhere } from './words.js';

/**
 * The base's own captions retold in the tenant's words. A neutral caption is a row of phrases, runs of words that the
 * tenant has a word for. How the tenant tells a phrase, in which order its texts put them, and what it writes between
 * two of them is learnt apart, so that a few texts show how every scene that the base knows would be told, and the
 * base's replay is learnt in the tenant's style, not against it.
 * @returns the retold text of each caption; undefined where the tenant's captions do not show how.
 */
export function retell(
  captions: readonly string[],
  pairs: readonly ToldTwice[],
  pick: <T>(options: readonly T[]) => T,
): (string | undefined)[] {
  const read = captions.slice(-READ);
  const classes = new WordClasses([...read, ...pairs.map(({ neutral }) => neutral)]);
  const own = joined(pairs, read);
  const phrases = new SetPhrases([...read, ...pairs.map(({ neutral }) => neutral)]);
  const leftovers = new LeftoverWords(own, phrases);
  const everywhere = wordsEverywhere(read);
  const learned = [...learnLexicon(own, classes)].filter(([word]) => !everywhere.has(word));
  const vocabularyOf = (words: WordLexicon): TenantVocabulary => {
    const lexicon = leftovers.link(words);
    return new TenantVocabulary(read, classes, phrases, own, lexicon, leftovers.doubtful(lexicon));
  };
  const followed = (words: WordLexicon) => {
    const vocabulary = vocabularyOf(words);
    return own.map((pair) => follow(pair, vocabulary) !== undefined);
  };
  const vocabulary = vocabularyOf(withoutHindrances(new Map(learned), own, followed));
  const told = own.flatMap((pair) => follow(pair, vocabulary) ?? []);
  const teller = new Teller(vocabulary, read, told, pick);
  return captions.map((caption) => teller.tell(caption)).map((text) => text && separated(text));
}

/** Captions that the base's language is read from: more show the same again, and its slips often enough to pass for it. */
const READ = 15_000;

class Teller {
  private readonly kinds: PhraseKinds;
  private readonly orders: readonly Order[];
  private readonly phraseTexts: PhraseTexts;
  /** words that some text was followed for. */
  private readonly followed: ReadonlySet<string>;
  private readonly joints: JointWriter;
  /** of phrases' kinds and untold words, how their phrases are ordered. */
  private readonly rows = new Map<string, readonly number[] | undefined>();

  constructor(
    private readonly vocabulary: TenantVocabulary,
    captions: readonly string[],
    told: readonly ToldCaption[],
    private readonly pick: <T>(options: readonly T[]) => T,
  ) {
    const rows = captions.map((caption) => vocabulary.phrases(caption) ?? []);
    this.kinds = new PhraseKinds(rows, vocabulary);
    this.followed = new Set(told.flatMap(({ phrases }) => phrases.flatMap(({ words }) => words)));
    this.orders = told.map((caption) => this.orderOf(caption));
    this.phraseTexts = new PhraseTexts(
      told.flatMap((caption) => this.toldPhrases(caption)),
      rows.flat(),
      vocabulary,
    );
    this.joints = new JointWriter(told.flatMap((caption) => this.jointsOf(caption)));
  }

  tell(caption: string): string | undefined {
    const phrases = this.vocabulary.phrases(caption, (word) => this.vocabulary.named(word));
    if (!phrases || phrases.length === 0) return undefined;
    const row = this.inOrder(phrases, this.vocabulary.untold(caption));
    if (!row) return undefined;
    const places = this.placesIn(row);
    const texts = row.map((phrase, n) => this.told(phrase, places[n]!));
    if (!areAll(texts)) return undefined;
    let text = '';
    for (const neighbours of this.neighbours(row, texts)) {
      const joint = this.joints.write(neighbours, this.pick);
      if (joint === undefined) return undefined;
      const next = texts[neighbours.right] ?? '';
      text += joint.text + (joint.isBeforeCapital ? next.charAt(0).toUpperCase() + next.slice(1) : next);
    }
    return text;
  }

  /** As it is told in such a place; words that no text could be followed for, as they stand. */
  private told(phrase: Phrase, place: string): string | undefined {
    const { words } = phrase;
    const own = words.map((word) => this.vocabulary.named(word)!);
    const text = this.phraseTexts.likeliest(phrase, place);
    if (text === undefined) {
      return words.some((word) => this.followed.has(word)) ? undefined : own.join(' ');
    }
    const { order, between } = text;
    return order.map((at, n) => own[at]! + (between[n] ?? '')).join('');
  }

  /** As the tenant orders such phrases; undefined where it never told such a row. */
  private inOrder(phrases: readonly Phrase[], untold: readonly string[]): readonly Phrase[] | undefined {
    const kinds = phrases.map((phrase) => this.kinds.of(phrase));
    const alike = JSON.stringify([kinds, untold]);
    if (!this.rows.has(alike)) this.rows.set(alike, this.rowOf(kinds, untold));
    return this.rows.get(alike)?.map((at) => phrases[at]!);
  }

  private rowOf(kinds: readonly string[], untold: readonly string[]): readonly number[] | undefined {
    const same = this.orders.filter((order) => order.kinds.join() === kinds.join());
    const alike = same.filter((order) => difference(order.untold, untold) === 0);
    const rows = (alike.length >= FEW ? alike : same).map(({ row }) => row);
    const usual = this.usualOrder(kinds);
    const votes = [...rows, ...(usual ? [usual, usual] : [])].map((row) => JSON.stringify(row));
    if (votes.length === 0) return undefined;
    return JSON.parse(mostCommon(votes)[0]!) as number[];
  }

  /** Kinds as the tenant orders them, phrases of one kind as they stand. */
  private usualOrder(kinds: readonly string[]): readonly number[] | undefined {
    const isLike = (order: Order) =>
      new Set(kinds).size === new Set(order.kinds).size && kinds.every((kind) => order.kinds.includes(kind));
    const like = this.orders.find(isLike);
    if (!like) return undefined;
    const rank = like.row.map((at) => like.kinds[at]!);
    return kinds.map((_, n) => n).sort((a, b) => rank.indexOf(kinds[a]!) - rank.indexOf(kinds[b]!));
  }

  private orderOf({ phrases, untold, places }: ToldCaption): Order {
    const row = phrases.map((_, n) => n).sort((a, b) => span(places[a]!).from - span(places[b]!).from);
    return { kinds: phrases.map((phrase) => this.kinds.of(phrase)), untold, row };
  }

  private toldPhrases(caption: ToldCaption): ToldPhrase[] {
    const { row } = this.orderOf(caption);
    const places = this.placesIn(row.map((at) => caption.phrases[at]!));
    return row.map((at, n) => ({
      phrase: caption.phrases[at]!,
      place: places[n]!,
      text: phraseText(caption.places[at]!, caption.pieces),
    }));
  }

  private jointsOf(caption: ToldCaption): Joint[] {
    const { row } = this.orderOf(caption);
    const { pieces } = caption;
    const spans = row.map((n) => span(caption.places[n]!));
    const texts = spans.map(({ from, to }) => pieces.slice(from, to + 1).join(''));
    return this.neighbours(
      row.map((n) => caption.phrases[n]!),
      texts,
    ).map(({ left, right, ...known }) => {
      const from = spans[left] ? spans[left].to + 1 : 0;
      const to = spans[right]?.from ?? pieces.length;
      const isBeforeCapital = /^\p{Lu}/u.test(texts[right] ?? '');
      return { ...known, text: pieces.slice(from, to).join(''), isBeforeCapital };
    });
  }

  private shapeOf(phrase: Phrase | undefined): string {
    if (!phrase) return '';
    return this.phraseTexts.leadsItself(phrase) ? phrase.classes : phrase.shape;
  }

  /** The word in front that says how many there are, if the phrase does not say so itself. */
  private leadOf(phrase: Phrase | undefined): string {
    return !phrase || this.phraseTexts.leadsItself(phrase) ? '' : phrase.lead;
  }

  private placesIn(row: readonly Phrase[]): string[] {
    return placesInRuns(row.map((phrase) => this.kinds.of(phrase)));
  }

  /** The joints of a row of phrases, the ends included, with what may decide of them. */
  private neighbours(row: readonly Phrase[], texts: readonly string[]) {
    const kinds = row.map((phrase) => this.kinds.of(phrase));
    const places = placesInRuns(kinds);
    return Array.from({ length: row.length + 1 }, (_, right) => {
      const left = right - 1;
      return {
        left,
        right,
        kinds: [kinds[left] ?? '^', kinds[right] ?? '$'] as const,
        places: [places[left] ?? '', places[right] ?? ''],
        shapes: [this.shapeOf(row[left]), this.shapeOf(row[right])],
        leads: [this.leadOf(row[left]), this.leadOf(row[right])],
        features: [
          (texts[left] ?? '').toLowerCase(),
          (texts[right] ?? '').charAt(0).toLowerCase(),
          (texts[right] ?? '').toLowerCase(),
        ],
      };
    });
  }
}

/** A row of phrases as a tenant's text orders them. */
interface Order {
  readonly kinds: readonly string[];
  readonly untold: readonly string[];
  /** the phrases by their place in the tenant's text. */
  readonly row: readonly number[];
}

/** of texts in which the base may have taken one thing for another. */
const FEW = 3;

/** Whether each is the first and the last of its kind in a row. */
function placesInRuns(kinds: readonly string[]): string[] {
  const places: string[] = [];
  for (let from = 0; from < kinds.length;) {
    let to = from;
    while (kinds[to] === kinds[from]) to++;
    for (let at = from; at < to; at++) places.push(`${at === from ? 'first' : ''}${at === to - 1 ? 'last' : ''}`);
    from = to;
  }
  return places;
}

const areAll = (texts: readonly (string | undefined)[]): texts is readonly string[] =>
  texts.every((text) => text !== undefined);

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

/** What most agree on: the base may have misread some of them. */
function mostCommon(texts: readonly string[]): string[] {
  const counts = countsOf(texts);
  const most = Math.max(...counts.values());
  return [...counts.keys()].filter((text) => counts.get(text) === most);
}

function countsOf(texts: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return counts;
}
