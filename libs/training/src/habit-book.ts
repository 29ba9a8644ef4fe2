/** What a tenant wrote in some place of a text. */
export interface Habit extends Place {
  readonly text: string;
}

/** What is known of a place of a text. */
export interface Place extends Known {
  /** habits of other subjects say nothing of each other. */
  readonly subject: string;
  /** of the subject: so do those of other parts, where each tells its own far better than all together. */
  readonly part?: string;
}

interface Known {
  readonly features: readonly string[];
  /** of the features, how many from the first on leave unknown what was never seen with their value, if they tell. */
  readonly deciding?: number;
  /** of the deciding ones, the first that hangs on a word in front, which may be written itself where it is in doubt. */
  readonly leading?: number;
}

/**
 * Tells what a tenant writes in a place, from how often it was seen: by the features that tell the text of a habit from
 * the texts of the others (each habit left out in turn), asked one after the other; where an answer is not known, the next best.
 */
export class HabitBook {
  private readonly pages = new Map<string, { readonly whole?: Page; readonly parts: ReadonlyMap<string, Page> }>();

  constructor(habits: readonly Habit[]) {
    for (const [subject, same] of groupedBy(habits, (habit) => habit.subject)) {
      const parts = new Map([...groupedBy(same, partOf)].map(([part, its]) => [part, new Page(its)]));
      const apart = [...parts.values()].reduce((sum, { likelihood }) => sum + likelihood, 0);
      const whole = parts.size > 1 ? new Page(same.map((habit) => ({ ...habit, ...withPart(habit) }))) : undefined;
      this.pages.set(subject, { parts, ...(whole && whole.likelihood > apart - APART && { whole }) });
    }
  }

  /** The texts that are likely, the likeliest first; empty: the tenant was never seen to write there. */
  likely(place: Place): readonly string[] {
    const { page, features } = this.look(place);
    return page?.find(features)?.likely ?? [];
  }

  /** Which leading feature tells what is written, though not what for this value of it; undefined: none. */
  doubtful(place: Place): number | undefined {
    const { page, features } = this.look(place);
    const feature = page?.doubtful(features);
    return feature === undefined ? undefined : feature - (features.length - place.features.length);
  }

  private look(place: Place): { readonly page?: Page | undefined; readonly features: readonly string[] } {
    const { whole, parts } = this.pages.get(place.subject) ?? {};
    const page = parts?.get(partOf(place));
    return page && whole ? { page: whole, features: withPart(place).features } : { page, features: place.features };
  }
}

const partOf = ({ part = '' }: Place): string => part;

const withPart = (place: Place): Known => ({
  features: [partOf(place), ...place.features],
  deciding: 1 + (place.deciding ?? 0),
  ...(place.leading !== undefined && { leading: 1 + place.leading }),
});

/** In nats, what parts must tell their habits better by, each by itself, than all together: of few each seems to have a way of its own. */
const APART = 4;

/** What is seen more seldom beside the likeliest is a misreading of the base's. */
const LIKELY_SHARE = 0.6;
/** of what is usual: a misreading is seen no more often. */
const RARE_SHARE = 0.3;
/** of habits that speak for one of two readings more than for the other, and of nats that a question tells them better by. */
const CLEAR = 2;

/** Habits that look alike so far, and the next question, if one is worth asking. */
class Page {
  private question: number | undefined;
  private readonly answers = new Map<string, Page>();
  private known: readonly string[] | undefined;
  private without: Page | undefined;
  /** how well its habits are told, in nats. */
  readonly likelihood: number;
  /** the same, if nothing were asked. */
  private readonly unasked: number;

  /** @param elsewhere how often each text is seen where the answer to the first question, the one that tells most, is another. */
  constructor(
    private readonly habits: readonly Habit[],
    private readonly elsewhere: readonly ReadonlyMap<string, number>[] = [],
    private readonly skipped: ReadonlySet<number> = new Set(),
  ) {
    const counts = countsOf(textsOf(habits));
    let best = likelihood([habits], counts);
    this.unasked = best;
    habits[0]!.features.forEach((_, feature) => {
      if (skipped.has(feature) || (habits.length < FEW && elsewhere.length > 0)) return;
      const split = [...groupedBy(habits, ({ features }) => features[feature]!).values()];
      const value = split.length > 1 ? likelihood(split, counts) : -Infinity;
      if (value > best) [best, this.question] = [value, feature];
    });
    const { question } = this;
    if (question !== undefined) {
      const answers = [...groupedBy(habits, ({ features }) => features[question]!)];
      const countsBy = answers.map(([, same]) => countsOf(textsOf(same)));
      for (const [n, [answer, same]] of answers.entries()) {
        const others = countsBy.filter((_, other) => other !== n);
        this.answers.set(answer, new Page(same, elsewhere.length > 0 ? elsewhere : others));
      }
    }
    const told = [...this.answers.values()].map((page) => page.likelihood);
    this.likelihood = told.length === 0 ? best : told.reduce((sum, each) => sum + each, 0);
  }

  /** The page that these features lead to; undefined: an answer that decides was never seen. */
  find(features: readonly string[]): Page | undefined {
    return this.question === undefined ? this : this.next(features)?.find(features);
  }

  /** The leading question that is asked on the way of these features, and whose answer leaves it open what is written. */
  doubtful(features: readonly string[]): number | undefined {
    const next = this.next(features);
    const isAnswer = this.isLeading && next !== undefined && next !== this.without;
    return isAnswer && next.isOpen(features) && this.isConfused(next) ? this.question : next?.doubtful(features);
  }

  /** Where an answer was never seen, the next best question is asked instead, unless this one decides. */
  private next(features: readonly string[]): Page | undefined {
    if (this.question === undefined) return undefined;
    const answer = this.answers.get(features[this.question]!);
    if (answer || this.isDeciding) return answer;
    return (this.without ??= new Page(this.habits, this.elsewhere, new Set([...this.skipped, this.question])));
  }

  private get isDeciding(): boolean {
    return this.question !== undefined && this.question < (this.habits[0]!.deciding ?? 0);
  }

  private get isLeading(): boolean {
    return this.isDeciding && this.question! >= (this.habits[0]!.leading ?? Infinity);
  }

  /**
   * What is open in this answer the base confuses, and no tenant chooses freely: it is written after a third answer as
   * well, and the most frequent one has a word of its own and hardly ever another.
   */
  private isConfused(page: Page): boolean {
    const others = [...this.answers.values()].filter((other) => other !== page);
    const [usual, ...more] = others.sort((a, b) => b.habits.length - a.habits.length);
    const [first, second] = usual ? byNumber(countsOf(textsOf(usual.habits))) : [];
    if (!first || page.likely.includes(first[0]) || (second && second[1] > RARE_SHARE * first[1])) return false;
    return more.some(({ habits }) => habits.some(({ text }) => page.likely.includes(text)));
  }

  /** Several texts are likely, and no further question tells them clearly, or it never had these features' answer. */
  private isOpen(features: readonly string[]): boolean {
    if (this.likely.length < 2) return false;
    const isTold = this.question !== undefined && this.likelihood - this.unasked >= CLEAR;
    return !isTold || (this.answers.get(features[this.question!]!)?.isOpen(features) ?? true);
  }

  /** Its texts that are likely, the likeliest first. */
  get likely(): readonly string[] {
    return (this.known ??= this.findLikely());
  }

  /**
   * What is usual elsewhere is a misreading of the base's here, however often it was seen, if there is another text for
   * here and more habits are told by leaving each where it belongs than by exchanging the two.
   */
  private findLikely(): readonly string[] {
    const here = countsOf(textsOf(this.habits));
    const counts = byNumber(here);
    const likely = counts.flatMap(([text, count]) => (count >= LIKELY_SHARE * counts[0]![1] ? [text] : []));
    const isMisread = (text: string) =>
      this.elsewhere.some(
        (there) =>
          byNumber(there)[0]![0] === text &&
          likely.some((other) => lead(there, text, other) - lead(here, text, other) >= CLEAR && other !== text),
      );
    const own = likely.filter((text) => !isMisread(text));
    return own.length > 0 ? own : likely;
  }
}

/** How much more often one text is seen than the other. */
const lead = (counts: ReadonlyMap<string, number>, one: string, other: string): number =>
  (counts.get(one) ?? 0) - (counts.get(other) ?? 0);

/**
 * How well each habit's text is told by those of the others in its part, in nats.
 * @param anywhere how often each text is seen in all parts together
 */
function likelihood(parts: readonly (readonly Habit[])[], anywhere: ReadonlyMap<string, number>): number {
  const all = parts.reduce((sum, { length }) => sum + length, 0);
  let sum = -PART_COST * parts.length;
  for (const part of parts) {
    for (const [text, times] of countsOf(textsOf(part))) {
      const elsewhere = (anywhere.get(text)! - 1 + UNSEEN) / all;
      sum += times * Math.log((times - 1 + elsewhere) / part.length);
    }
  }
  return sum;
}

/** In nats: what asks more tells the known habits better by chance alone. */
const PART_COST = 1;

/** of habits that an answer leaves: among fewer whatever is different tells them apart. */
const FEW = 3;

/** of a text that no other habit has. */
const UNSEEN = 0.1;

const textsOf = (habits: readonly Habit[]): string[] => habits.map(({ text }) => text);

/** The most frequent first. */
const byNumber = (counts: ReadonlyMap<string, number>) => [...counts].sort(([, a], [, b]) => b - a);

function groupedBy(habits: readonly Habit[], keyOf: (habit: Habit) => string): Map<string, Habit[]> {
  const groups = new Map<string, Habit[]>();
  for (const habit of habits) {
    const key = keyOf(habit);
    const group = groups.get(key);
    if (group) group.push(habit);
    else groups.set(key, [habit]);
  }
  return groups;
}

function countsOf(texts: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return counts;
}
