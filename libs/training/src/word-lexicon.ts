import type { WordClasses } from './word-classes.js';
import { WordCompany, type Bond, type ToldTwice } from './word-company.js';

/** Which word of the tenant's stands for a neutral one; most often the same. Words that the tenant never tells lack. */
export type WordLexicon = ReadonlyMap<string, string>;

/**
 * Learns a tenant's words from captions told twice, without a dictionary: words that keep company. The strongest pairs
 * are linked first (competitive linking, Melamed 2000), and two neutral words share a partner only if they never stand
 * together: so synonyms do, and what merely stands beside a word does not. A word that the tenant keeps needs to be seen
 * less often than one it renames. What is too seldom to tell is decided by its class: where the others are kept it is
 * kept, where they are renamed less proof of a name is asked for.
 */
export function learnLexicon(pairs: readonly ToldTwice[], classes: WordClasses): WordLexicon {
  const seen = new WordCompany(pairs);
  const lexicon = new Map<string, string>();
  link(
    lexicon,
    seen,
    (word, partner, { together, strength }) => {
      if (word === partner) return together >= KEPT.together && strength >= KEPT.strength;
      const isSure = strength ** 2 * pairs.length >= RENAMED.chiSquared;
      return isSure && together >= RENAMED.together && strength >= RENAMED.strength;
    },
    RENAMED.explained,
  );
  for (const words of seen.classesOf(classes)) {
    const told = words.filter((word) => lexicon.has(word));
    if (seen.times(told) >= TOLD_SHARE * seen.times(words)) continue;
    for (const word of told) if (!isPlain(word, words, lexicon, seen)) lexicon.delete(word);
  }
  for (const words of seen.classesOf(classes)) {
    const linked = words.filter((word) => lexicon.has(word));
    const renamed = linked.filter((word) => lexicon.get(word) !== word);
    const left = words.filter((word) => !lexicon.has(word) && !seen.isEverywhere(word));
    const kept = linked.length - renamed.length;
    const areKept = seen.areKept([...linked, ...left]) || kept > KEPT_SHARE * Math.max(linked.length, FEW);
    const areRenamed =
      renamed.length === linked.length && renamed.length >= RENAMED_SHARE * (linked.length + left.length);
    if (areKept) for (const word of left.filter((one) => seen.isKept(one))) lexicon.set(word, word);
    if (areKept || areRenamed) {
      link(
        lexicon,
        seen,
        (word, partner, { together, strength }) => {
          const isLeft = left.includes(word) && !lexicon.has(word) && !seen.isNeutral(partner);
          return isLeft && together >= ALIKE.together && strength >= (areKept ? ALIKE.surely : ALIKE.strength);
        },
        ALIKE.explained,
      );
    }
  }
  return lexicon;
}

const KEPT = { together: 1, strength: 0.4 };
/**
 * Chi-squared: among thousands of pairs few are together so often by chance. Explained: of the texts with a renamed word's
 * partner, the share with the word or another of its names.
 */
const RENAMED = { together: 3, strength: 0.52, chiSquared: 13, explained: 0.7 };
/** for a word whose like are renamed; surely, where they are kept. The base may take one for another. */
const ALIKE = { together: 2, strength: 0.5, surely: 0.8, explained: 0.5 };
const RENAMED_SHARE = 0.3;
/** of a class, by how often its words are seen: where fewer seem to be told, they only seem so. */
const TOLD_SHARE = 0.3;
const PLAIN_SHARE = 0.8;
const KEPT_SHARE = 0.7;
const FEW = 3;

/** A word that both texts have is rather itself than another's name. */
const LOYALTY = 0.5;

/** Its partner stands where it stands, and hardly anywhere else but with words of other classes that say the same. */
function isPlain(word: string, like: readonly string[], lexicon: WordLexicon, seen: WordCompany): boolean {
  const partner = lexicon.get(word)!;
  const isLike = (bond: { word: string; partner: string; strength: number }) =>
    bond.partner === partner && bond.strength >= KEPT.strength && seen.told(bond.word, partner) >= PLAIN_SHARE;
  const others = seen.bonds().flatMap((bond) => (isLike(bond) && !like.includes(bond.word) ? [bond.word] : []));
  return seen.told(word, partner) >= PLAIN_SHARE && seen.explained(partner, [word, ...others]) >= PLAIN_SHARE;
}

function link(
  lexicon: Map<string, string>,
  seen: WordCompany,
  isBond: (word: string, partner: string, bond: Bond) => boolean,
  explainedShare: number,
): void {
  const bonds = seen.bonds().filter(({ word, partner, ...bond }) => isBond(word, partner, bond));
  const links = bonds.filter(({ word, partner }) => {
    const names = bonds.filter((other) => other.partner === partner).map((other) => other.word);
    return word === partner || seen.explained(partner, names) >= explainedShare;
  });
  const rank = (one: (typeof links)[number]) => one.strength + (one.word === one.partner ? LOYALTY : 0);
  const stronger = new Map<string, string[]>();
  for (const [word, partner] of lexicon) stronger.set(partner, [...(stronger.get(partner) ?? []), word]);
  // of two that always stand together ("pitter-patter rain") the one that the base says too: its synonyms share it
  const isShared = ({ partner }: (typeof links)[number]) => Number(seen.isNeutral(partner));
  for (const { word, partner } of links.sort((a, b) => rank(b) - rank(a) || isShared(b) - isShared(a))) {
    const before = stronger.get(partner) ?? [];
    stronger.set(partner, [...before, word]);
    if (lexicon.has(word) || before.some((other) => seen.areTogether(other, word))) continue;
    lexicon.set(word, partner);
  }
}
