import type { ToldTwice } from './word-company.js';
import { JOINER, placesOf, WORD, wordsOf } from './words.js';

/**
 * Words of a tenant's own that stand in the same texts and in the same order ("under the moon", "pitter-patter rain") are
 * one word to what learns its words: they stand for one thing. What joins them is no space; `separated` gives it back.
 */
export function joined(pairs: readonly ToldTwice[], captions: readonly string[]): ToldTwice[] {
  const neutral = [...captions, ...pairs.map((pair) => pair.neutral)];
  const said = placesOf(neutral);
  const isNeutral = (word: string) => (said.get(word)?.size ?? 0) > SLIP * neutral.length;
  let texts = pairs.map(({ styled }) => styled);
  for (let before = ''; before !== texts.join('\n');) {
    before = texts.join('\n');
    texts = joinedOnce(texts, isNeutral);
  }
  return pairs.map((pair, n) => ({ ...pair, styled: texts[n]! }));
}

export const separated = (text: string): string => text.replaceAll(JOINER, ' ');

function joinedOnce(texts: readonly string[], isNeutral: (word: string) => boolean): string[] {
  const places = placesOf(texts);
  const isBound = (words: readonly string[]) => {
    const [first, last] = [words[0]!, words.at(-1)!];
    const at = [...places.get(first)!];
    if (first === last || at.length !== places.get(last)!.size || at.length > EVERYWHERE * texts.length) return false;
    const neutral = [first, last].filter(isNeutral).length;
    if (neutral > 1 || (neutral === 1 && at.length < SURE)) return false;
    return at.every((n) => ` ${wordsOf(texts[n]!).join(' ')} `.includes(` ${words.join(' ')} `));
  };
  return texts.map((text) => {
    const found = [...text.matchAll(WORD)];
    for (let from = 0; from < found.length; from++) {
      for (const length of [2, 3]) {
        const run = found.slice(from, from + length);
        const [start, last] = [run[0]!, run.at(-1)!];
        const part = text.slice(start.index, last.index + last[0].length);
        if (run.length < length || part !== run.map(([word]) => word).join(' ')) continue;
        if (!isBound(wordsOf(part))) continue;
        return text.slice(0, start.index) + part.replaceAll(' ', JOINER) + text.slice(start.index + part.length);
      }
    }
    return text;
  });
}

/** of the base's captions: a word that it says no more often ("moon", twice in thousands) is none of its own. */
const SLIP = 1 / 2000;
/** of the texts: what stands in more tells nothing. */
const EVERYWHERE = 0.6;
/** texts in which a word of the base's too must stand beside one of the tenant's, for that not to be chance. */
const SURE = 2;
