import { wordsOf } from './words.js';

/** A neutral caption of the base's and what the tenant wrote under the same picture. */
export interface ToldTwice {
  readonly neutral: string;
  readonly styled: string;
}

/** Which word of the tenant's stands for a neutral one; most often the same. Words that the tenant never tells lack. */
export type WordLexicon = ReadonlyMap<string, string>;

/**
 * Learns a tenant's words from captions told twice, without a dictionary: words that keep company. The strongest pairs
 * are linked first (competitive linking, Melamed 2000), and two neutral words share a partner only if they never stand
 * together: so synonyms do, and what merely stands beside a word does not. A word that the tenant keeps needs to be seen less often than one it renames.
 */
export function learnLexicon(pairs: readonly ToldTwice[]): WordLexicon {
  const neutral = placesOf(pairs.map((pair) => pair.neutral));
  const styled = placesOf(pairs.map((pair) => pair.styled));
  const links = [...neutral].flatMap(([word, at]) =>
    [...styled].flatMap(([partner, places]) => {
      const strength = association(at, places, pairs.length);
      const needed = word === partner ? KEPT : RENAMED;
      const together = [...at].filter((n) => places.has(n)).length;
      return strength >= needed.strength && together >= needed.together ? [{ word, partner, strength }] : [];
    }),
  );
  const rank = (link: (typeof links)[number]) => link.strength + (link.word === link.partner ? LOYALTY : 0);
  const lexicon = new Map<string, string>();
  const stronger = new Map<string, string[]>();
  for (const { word, partner } of links.sort((a, b) => rank(b) - rank(a))) {
    const before = stronger.get(partner) ?? [];
    stronger.set(partner, [...before, word]);
    if (lexicon.has(word) || before.some((other) => areTogether(neutral.get(other)!, neutral.get(word)!))) continue;
    lexicon.set(word, partner);
  }
  return lexicon;
}

const KEPT = { together: 1, strength: 0.4 };
const RENAMED = { together: 4, strength: 0.52 };

/** A word that both texts have is rather itself than another's name. */
const LOYALTY = 0.5;

/** In which texts each word stands. */
export function placesOf(texts: readonly string[]): ReadonlyMap<string, ReadonlySet<number>> {
  const places = new Map<string, Set<number>>();
  texts.forEach((text, n) => {
    for (const word of wordsOf(text)) places.set(word, (places.get(word) ?? new Set()).add(n));
  });
  return places;
}

const areTogether = (a: ReadonlySet<number>, b: ReadonlySet<number>): boolean => [...a].some((n) => b.has(n));

/** The phi coefficient of two words over `count` texts: 1 always together, 0 as chance would have it. */
function association(a: ReadonlySet<number>, b: ReadonlySet<number>, count: number): number {
  const together = [...a].filter((n) => b.has(n)).length;
  const spread = Math.sqrt(a.size * (count - a.size) * b.size * (count - b.size));
  return spread === 0 ? 0 : (count * together - a.size * b.size) / spread;
}
