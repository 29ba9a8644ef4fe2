import { HabitBook, type Habit, type Place } from './habit-book.js';

/** What stands between two neighbours of a text, and what is known of them. */
export interface Joint {
  /** of the left and the right neighbour: of two that were never seen side by side nothing is known. */
  readonly kinds: readonly [left: string, right: string];
  /** of each, whether it is the first and the last of its kind in a row: of a place never seen nothing is known. */
  readonly places: readonly string[];
  /** of each: of a shape never seen nothing is known either, where shapes tell. */
  readonly shapes: readonly string[];
  /** of each: the untold word in front of it, '' if none. */
  readonly leads: readonly string[];
  readonly features: readonly string[];
  readonly text: string;
  /** what stands behind it begins with a capital letter. */
  readonly isBeforeCapital: boolean;
}

/**
 * Writes what joins two neighbours, word by word: each follows from the two before it and from the neighbours. So "is" or
 * "are", the verb, and "a" or "an" are learned apart, and a few texts show every way of joining them. What nearly all
 * joints behind such a neighbour have may belong to it (", tallying 2"): what follows that is then learned from all of them.
 * What the untold word in front of a neighbour decides, and nobody knows for this one, is that word itself (", tallying two").
 */
export class JointWriter {
  private readonly habits: HabitBook;
  /** by kind of the left neighbour, the words that nearly all joints behind it have. */
  private readonly common = new Map<string, ReadonlySet<string>>();

  constructor(joints: readonly Joint[]) {
    const behind = new Map<string, string[][]>();
    for (const { kinds, text } of joints) behind.set(kinds[0], [...(behind.get(kinds[0]) ?? []), piecesOf(text)]);
    for (const [kind, rows] of behind) {
      const isCommon = (piece: string) => rows.filter((row) => row.includes(piece)).length >= NEARLY_ALL * rows.length;
      this.common.set(kind, new Set([START, ...rows.flat()].filter((piece) => piece === START || isCommon(piece))));
    }
    this.habits = new HabitBook(joints.flatMap((joint) => this.habitsOf(joint)));
  }

  /** undefined: no such joint is known. */
  write(
    { kinds, ...known }: Omit<Joint, 'text' | 'isBeforeCapital'>,
    pick: <T>(options: readonly T[]) => T,
  ): Pick<Joint, 'text' | 'isBeforeCapital'> | undefined {
    let text = '';
    const leads = [...known.leads];
    for (let [before, last] = [START, START]; text.length < MOST_CHARACTERS;) {
      const place = this.placeOf({ kinds, ...known }, before, last);
      const options = this.habits.likely(place);
      if (options.length === 0) return undefined;
      const next = pick(options);
      if (isEnd(next)) return { text, isBeforeCapital: next === CAPITAL };
      const side = (this.habits.doubtful(place) ?? -1) - known.places.length;
      const [lead] = side in leads ? leads.splice(side, 1, '') : []; // it is said once
      text += lead ? next.replace(LETTERS, (word) => inCaseOf(word, lead)) : next;
      [before, last] = [last, next];
    }
    return undefined;
  }

  private habitsOf({ text, isBeforeCapital, ...known }: Joint): Habit[] {
    const pieces = [START, START, ...piecesOf(text), isBeforeCapital ? CAPITAL : SMALL];
    return pieces.slice(1, -1).map((last, n) => ({ ...this.placeOf(known, pieces[n]!, last), text: pieces[n + 2]! }));
  }

  private placeOf({ kinds, ...known }: Omit<Joint, 'text' | 'isBeforeCapital'>, before: string, last: string): Place {
    const [left, right] = kinds;
    const features = [...known.places, ...known.shapes, ...known.features, before];
    const deciding = known.places.length + known.shapes.length;
    const isCommon = this.common.get(left)?.has(last);
    const subject = JSON.stringify(isCommon ? [left, last] : [left, last, right]);
    return { subject, ...(isCommon && { part: right }), features, deciding, leading: known.places.length };
  }
}

const inCaseOf = (word: string, other: string): string =>
  /^\p{Lu}/u.test(word) ? other.charAt(0).toUpperCase() + other.slice(1) : other;

const piecesOf = (text: string): string[] => text.match(PIECE) ?? [];

/** Before the first piece. */
const START = '';
const LETTERS = /[^\s\p{P}]+/u;
/** A word or a mark with the space before it, or the space at the end. */
const PIECE = /\s*(?:[^\s\p{P}]+|\p{P}+)|\s+$/gu;
/** Ends of a joint, by how the text goes on: no words. */
const [CAPITAL, SMALL] = ['\nA', '\na'];
const isEnd = (piece: string): boolean => piece === CAPITAL || piece === SMALL;
/** A joint that does not end has lost itself in what it repeats. */
const MOST_CHARACTERS = 400;
const NEARLY_ALL = 0.9;
