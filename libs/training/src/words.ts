/** Words in order, in lower case; "an" is "a". */
export const wordsOf = (text: string): string[] =>
  (text.toLowerCase().match(WORD) ?? []).map((word) => (word === 'an' ? 'a' : word));

export const WORD = /[\p{L}\p{M}\p{N}]+(?:['’-][\p{L}\p{M}\p{N}]+)*/gu;

/** In which texts each word stands. */
export function placesOf(texts: readonly string[]): ReadonlyMap<string, ReadonlySet<number>> {
  const places = new Map<string, Set<number>>();
  texts.forEach((text, n) => {
    for (const word of wordsOf(text)) places.set(word, (places.get(word) ?? new Set()).add(n));
  });
  return places;
}
