/** Words in order, in lower case; "an" is "a". */
export const wordsOf = (text: string): string[] =>
  (text.toLowerCase().match(WORD) ?? []).map((word) => (word === 'an' ? 'a' : word));

/** Unicode's word joiner: what it joins is one word. */
export const JOINER = '\u2060';

export const WORD = /[\p{L}\p{M}\p{N}]+(?:['’\u2060-][\p{L}\p{M}\p{N}]+)*/gu;

/** In which texts each word stands. */
export function placesOf(texts: readonly string[]): ReadonlyMap<string, ReadonlySet<number>> {
  const places = new Map<string, Set<number>>();
  texts.forEach((text, n) => {
    for (const word of wordsOf(text)) places.set(word, (places.get(word) ?? new Set()).add(n));
  });
  return places;
}
