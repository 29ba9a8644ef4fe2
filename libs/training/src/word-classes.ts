import { placesOf, wordsOf } from './words.js';

/**
 * Which words can stand in each other's place: those that stand between the same neighbours, and of two that stand
 * together in a text rather those that do so more alike ("on the sea in the rain": the place is not the weather).
 */
export class WordClasses {
  private readonly before = new Map<string, Counts>();
  private readonly after = new Map<string, Counts>();
  private readonly texts: ReadonlyMap<string, ReadonlySet<number>>;
  private readonly textCount: number;
  private readonly known = new Map<string, boolean>();
  private readonly leaders = new Map<string, string>();

  constructor(texts: readonly string[]) {
    this.texts = placesOf(texts);
    this.textCount = texts.length;
    for (const text of texts) {
      const words = ['', ...wordsOf(text), ''];
      for (let n = 1; n < words.length - 1; n++) {
        count(this.before, words[n]!, words[n - 1]!);
        count(this.after, words[n]!, words[n + 1]!);
      }
    }
  }

  /** One word for each class: the most frequent that the word can stand in the place of. */
  classOf(word: string): string {
    if (this.leaders.size === 0) {
      const frequency = (of: string) =>
        [...(this.before.get(of) ?? new Map<string, number>()).values()].reduce((a, b) => a + b, 0);
      const leaders: string[] = [];
      for (const one of [...this.before.keys()].sort((a, b) => frequency(b) - frequency(a))) {
        const leader = leaders.find((other) => this.isAlike(one, other)) ?? one;
        if (leader === one) leaders.push(one);
        this.leaders.set(one, leader);
      }
    }
    return this.leaders.get(word) ?? word;
  }

  isAlike(a: string, b: string): boolean {
    const key = `${a} ${b}`;
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const least = this.standTogether(a, b) ? ALIKE.together : ALIKE.apart;
    const alike = [this.before, this.after].every((side) => cosine(side.get(a), side.get(b)) >= least);
    this.known.set(key, alike);
    return alike;
  }

  /** About as often as chance would have it: neither of the two excludes the other. */
  private standTogether(a: string, b: string): boolean {
    const [at, places] = [this.texts.get(a), this.texts.get(b)];
    if (!at || !places) return false;
    const together = [...at].filter((n) => places.has(n)).length;
    return together > (BY_CHANCE * at.size * places.size) / this.textCount;
  }
}

const ALIKE = { apart: 0.35, together: 0.42 };
const BY_CHANCE = 0.3;

type Counts = Map<string, number>;

function count(side: Map<string, Counts>, word: string, neighbour: string): void {
  const counts = side.get(word) ?? new Map<string, number>();
  counts.set(neighbour, (counts.get(neighbour) ?? 0) + 1);
  side.set(word, counts);
}

function cosine(a: Counts = new Map(), b: Counts = new Map()): number {
  let dot = 0;
  for (const [word, times] of a) dot += times * (b.get(word) ?? 0);
  const norm = (counts: Counts) => Math.hypot(...counts.values());
  return dot === 0 ? 0 : dot / (norm(a) * norm(b));
}
