import type { Phrase, TenantVocabulary } from './tenant-vocabulary.js';
import { WordClasses } from './word-classes.js';

/**
 * Which phrases can stand in each other's place: those whose words are of classes that stand in one phrase, and those
 * that stand between the same others.
 */
export class PhraseKinds {
  private readonly parents = new Map<string, string>();
  private readonly neighbours: WordClasses;
  private readonly kinds = new Map<string, string>();

  constructor(
    rows: readonly (readonly Phrase[])[],
    private readonly vocabulary: TenantVocabulary,
  ) {
    const phrases = rows.flat();
    const together = new Map<string, number>();
    for (const { words } of phrases) {
      const classes = words.map((word) => vocabulary.classes.classOf(word));
      for (const other of classes.slice(1)) {
        const key = JSON.stringify([classes[0], other]);
        together.set(key, (together.get(key) ?? 0) + 1);
      }
    }
    for (const [key, times] of together) {
      const [a, b] = JSON.parse(key) as [string, string];
      if (times >= FAMILIAR_SHARE * phrases.length) this.parents.set(this.rootOf(a), this.rootOf(b));
    }
    const heads = rows.map((row) => row.map((phrase) => this.headOf(phrase)));
    this.neighbours = new WordClasses(heads.map((row) => row.join(' ')));
    this.joinExchangeable(heads);
  }

  of(phrase: Phrase): string {
    return this.kinds.get(this.headOf(phrase)) ?? this.headOf(phrase);
  }

  /** Heads that stand between the same others, one at a time. */
  private joinExchangeable(rows: readonly (readonly string[])[]): void {
    const places = new Map<string, Set<number>>();
    rows.forEach((row, n) => row.forEach((head) => places.set(head, (places.get(head) ?? new Set()).add(n))));
    const heads = [...places.keys()].sort((a, b) => places.get(b)!.size - places.get(a)!.size);
    const leaders: string[] = [];
    for (const head of heads) {
      const at = [...places.get(head)!];
      const isApart = (leader: string) => at.filter((n) => places.get(leader)!.has(n)).length < APART_SHARE * at.length;
      const leader = leaders.find((other) => isApart(other) && this.neighbours.isAlike(head, other)) ?? head;
      if (leader === head) leaders.push(head);
      this.kinds.set(head, leader);
    }
  }

  private headOf({ words }: Phrase): string {
    return this.rootOf(this.vocabulary.classes.classOf(words.at(-1)!));
  }

  private rootOf(word: string): string {
    const parent = this.parents.get(word);
    return parent === undefined || parent === word ? word : this.rootOf(parent);
  }
}

const FAMILIAR_SHARE = 0.01;
const APART_SHARE = 0.5;
