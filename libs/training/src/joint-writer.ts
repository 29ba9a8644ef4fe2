import { HabitBook, type Habit } from './habit-book.js';

/** What stands between two neighbours of a text, and what is known of them. */
export interface Joint {
  /** of the left and the right neighbour: joints of other kinds say nothing of each other. */
  readonly kinds: string;
  /** of each, whether it is the first and the last of its kind in a row: of a place never seen nothing is known. */
  readonly places: readonly string[];
  /** of each: of a shape never seen nothing is known either, where shapes tell. */
  readonly shapes: readonly string[];
  readonly features: readonly string[];
  readonly text: string;
  /** what stands behind it begins with a capital letter. */
  readonly isBeforeCapital: boolean;
}

/**
 * Writes what joins two neighbours, word by word: each follows from the two before it and from the neighbours. So "is" or
 * "are", the verb, and "a" or "an" are learned apart, and a few texts show every way of joining them.
 */
export class JointWriter {
  private readonly habits: HabitBook;

  constructor(joints: readonly Joint[]) {
    this.habits = new HabitBook(joints.flatMap(habitsOf));
  }

  /** undefined: no such joint is known. */
  write(
    { kinds, ...known }: Omit<Joint, 'text' | 'isBeforeCapital'>,
    pick: <T>(options: readonly T[]) => T,
  ): Pick<Joint, 'text' | 'isBeforeCapital'> | undefined {
    let text = '';
    for (let [before, last] = ['', '']; text.length < MOST_CHARACTERS;) {
      const options = this.habits.likely(subjectOf(kinds, last), [...featuresOf(known), before]);
      if (options.length === 0) return undefined;
      const next = pick(options);
      if (isEnd(next)) return { text, isBeforeCapital: next === CAPITAL };
      text += next;
      [before, last] = [last, next];
    }
    return undefined;
  }
}

function habitsOf({ kinds, text, isBeforeCapital, ...known }: Joint): Habit[] {
  const pieces = ['', '', ...(text.match(PIECE) ?? []), isBeforeCapital ? CAPITAL : SMALL];
  return pieces.slice(1, -1).map((last, n) => ({
    subject: subjectOf(kinds, last),
    features: [...featuresOf(known), pieces[n]!],
    deciding: known.places.length + known.shapes.length,
    text: pieces[n + 2]!,
  }));
}

const featuresOf = ({ places, shapes, features }: Pick<Joint, 'places' | 'shapes' | 'features'>): readonly string[] => [
  ...places,
  ...shapes,
  ...features,
];

const subjectOf = (kinds: string, last: string): string => `${kinds}\n${last}`;

/** A word with the space before it, or the space at the end. */
const PIECE = /\s*\S+|\s+$/g;
/** Ends of a joint, by how the text goes on: no words. */
const [CAPITAL, SMALL] = ['\nA', '\na'];
const isEnd = (piece: string): boolean => piece === CAPITAL || piece === SMALL;
/** A joint that does not end has lost itself in what it repeats. */
const MOST_CHARACTERS = 400;
