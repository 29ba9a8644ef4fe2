import type { ToldTwice } from './word-company.js';
import type { WordLexicon } from './word-lexicon.js';
import { wordsOf } from './words.js';

/**
 * Among few captions a word without content ("in") may pass for one that the tenant keeps, and then next to no text can be
 * followed. While most cannot be, the word goes without which far more can.
 * @param isFollowed of each pair, whether its text can be followed by such a lexicon
 */
export function withoutHindrances(
  lexicon: WordLexicon,
  pairs: readonly ToldTwice[],
  isFollowed: (lexicon: WordLexicon) => readonly boolean[],
): WordLexicon {
  let [best, followed] = [lexicon, isFollowed(lexicon)];
  while (count(followed) < ENOUGH * pairs.length) {
    const lost = pairs.filter((_, n) => !followed[n]);
    const others = suspects(best, lost).map((word) => without(best, word));
    const tried = others.map((other) => ({ lexicon: other, followed: isFollowed(other) }));
    const [most] = tried.sort((a, b) => count(b.followed) - count(a.followed));
    if (!most || count(most.followed) < count(followed) + FAR_MORE * pairs.length) break;
    [best, followed] = [most.lexicon, most.followed];
  }
  return best;
}

/** of all texts */
const [ENOUGH, FAR_MORE] = [0.5, 0.25];
/** of the texts that cannot be followed: a word that stands in fewer does not hinder them */
const OFTEN = 0.25;

function suspects(lexicon: WordLexicon, lost: readonly ToldTwice[]): string[] {
  const texts = lost.map(({ neutral }) => new Set(wordsOf(neutral)));
  return [...lexicon.keys()].filter((word) => texts.filter((text) => text.has(word)).length >= OFTEN * lost.length);
}

const without = (lexicon: WordLexicon, word: string): WordLexicon =>
  new Map([...lexicon].filter(([other]) => other !== word));

const count = (flags: readonly boolean[]): number => flags.filter(Boolean).length;
