import { WordClasses } from './word-classes.js';
import { WORD, wordsOf } from './words.js';

/** A neutral caption of the base's and what the tenant wrote under the same picture. */
export interface ToldTwice {
  readonly neutral: string;
  readonly styled: string;
}

/** Which word of the tenant's stands for a neutral one; most often the same. */
export type WordLexicon = ReadonlyMap<string, string>;

/**
 * Learns a tenant's words from captions told twice, without a dictionary: words that keep company. A word that the
 * tenant keeps needs to be seen less often than one it renames.
 */
export function learnLexicon(pairs: readonly ToldTwice[]): WordLexicon {
  const neutral = new Occurrences(pairs.map((pair) => pair.neutral));
  const styled = new Occurrences(pairs.map((pair) => pair.styled));
  const lexicon = new Map<string, string>();
  for (const [word, at] of neutral.places) {
    if (at.size > MOST_TEXTS * pairs.length) continue;
    const best = bestPartner(word, at, styled.places);
    if (best !== undefined) lexicon.set(word, best);
  }
  return lexicon;
}

/**
 * The base's own captions retold in the tenant's words: a neutral caption that differs from one of the tenant's pictures
 * only in words of the lexicon is that picture's text with those words exchanged. So a few texts show how every scene
 * that the base knows would be told, and the base's replay is learnt in the tenant's style, not against it.
 * @returns the retold text of each caption; undefined where no picture's caption has its shape.
 */
export function retell(
  captions: readonly string[],
  pairs: readonly ToldTwice[],
  lexicon: WordLexicon,
  pick: <T>(options: readonly T[]) => T,
): (string | undefined)[] {
  const renamed = new Set(lexicon.values());
  const frame = frameWords(captions, lexicon);
  const skeleton = (text: string) => wordsOf(text).filter((word) => !frame.has(word));
  const classes = new WordClasses([...captions, ...pairs.map(({ neutral }) => neutral)]);
  const shapes = pairs.map(({ neutral, styled }) => ({ words: skeleton(neutral), styled }));
  return captions.map((caption) => {
    const told = skeleton(caption);
    const texts = shapes.flatMap(
      ({ words, styled }) => exchanged(words, told, styled, { lexicon, renamed, classes }) ?? [],
    );
    return texts.length === 0 ? undefined : pick(mostCommon(texts));
  });
}

/** Share of the words which the tenant would tell a neutral caption's content with that `styled` has. */
export function contentRecall(neutral: string, styled: string, lexicon: WordLexicon): number | undefined {
  const wanted = new Set(wordsOf(neutral).flatMap((word) => lexicon.get(word) ?? []));
  if (wanted.size === 0) return undefined;
  const has = new Set(wordsOf(styled));
  return [...wanted].filter((word) => has.has(word)).length / wanted.size;
}

/** A word in more of the texts than that is how they are written, not what they say. */
const MOST_TEXTS = 0.6;
const KEPT = { together: 1, dice: 0.6 };
const RENAMED = { together: 3, dice: 0.8 };

/** A word in more of the base's captions than that says nothing of one of them. */
const FRAME_SHARE = 0.4;

/** Articles and the like, whatever the language: in very many captions, and nothing that the tenant has a word for. */
function frameWords(captions: readonly string[], lexicon: WordLexicon): ReadonlySet<string> {
  const { places } = new Occurrences(captions);
  const frequent = [...places].filter(([word, at]) => at.size > FRAME_SHARE * captions.length && !lexicon.has(word));
  return new Set(frequent.map(([word]) => word));
}

/** What most pictures of a shape agree on: the base may have misread some of them. */
function mostCommon(texts: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  const most = Math.max(...counts.values());
  return [...counts.keys()].filter((text) => counts.get(text) === most);
}

class Occurrences {
  readonly places: ReadonlyMap<string, ReadonlySet<number>>;

  constructor(texts: readonly string[]) {
    const places = new Map<string, Set<number>>();
    texts.forEach((text, n) => {
      for (const word of wordsOf(text)) places.set(word, (places.get(word) ?? new Set()).add(n));
    });
    this.places = places;
  }
}

function bestPartner(
  word: string,
  at: ReadonlySet<number>,
  styled: ReadonlyMap<string, ReadonlySet<number>>,
): string | undefined {
  let best: { readonly word: string; readonly dice: number } | undefined;
  for (const [other, places] of styled) {
    const together = [...at].filter((n) => places.has(n)).length;
    const dice = (2 * together) / (at.size + places.size);
    const needed = other === word ? KEPT : RENAMED;
    if (together < needed.together || dice < needed.dice) continue;
    if (other === word) return word;
    if (!best || dice > best.dice) best = { word: other, dice };
  }
  return best?.word;
}

interface Exchange {
  readonly lexicon: WordLexicon;
  /** words of the tenant's own. */
  readonly renamed: ReadonlySet<string>;
  readonly classes: WordClasses;
}

/** `styled` with the words exchanged in which `told` differs from `neutral`; undefined when more than that differs. */
function exchanged(
  neutral: readonly string[],
  told: readonly string[],
  styled: string,
  { lexicon, renamed, classes }: Exchange,
): string | undefined {
  if (neutral.length !== told.length) return undefined;
  const exchange = new Map<string, string>();
  const kept = new Set<string>();
  for (const [n, from] of neutral.entries()) {
    const [to, own] = [told[n]!, lexicon.get(from)];
    if (own === undefined) {
      if (from !== to) return undefined;
      continue;
    }
    if (from !== to && !classes.isAlike(from, to)) return undefined;
    const next = lexicon.get(to) ?? (own === from && !renamed.has(to) ? to : undefined);
    if (next === undefined || (exchange.get(own) ?? next) !== next) return undefined;
    exchange.set(own, next);
    kept.add(own);
  }
  const present = new Set(wordsOf(styled));
  if ([...kept].some((word) => !present.has(word))) return undefined;
  return styled.replace(WORD, (word) => {
    const next = exchange.get(word.toLowerCase());
    if (next === undefined || next === word.toLowerCase()) return word;
    return word[0] === word[0]!.toLowerCase() ? next : next[0]!.toUpperCase() + next.slice(1);
  });
}
