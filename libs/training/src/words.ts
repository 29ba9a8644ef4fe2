/** Words in order, in lower case; "an" is "a". */
export const wordsOf = (text: string): string[] =>
  (text.toLowerCase().match(WORD) ?? []).map((word) => (word === 'an' ? 'a' : word));

/** Unicode's word joiner: what it joins is one word. */
export const JOINER = '\u2060';

export const WORD = /[\p{L}\p{M}\p{N}]+(?:['’\u2060-][\p{L}\p{M}\p{N}]+)*/gu;

/** Words that nearly every text has: they tell nothing of a picture. Few texts do not show which. */
export function wordsEverywhere(texts: readonly string[]): ReadonlySet<string> {
  if (texts.length < ENOUGH) return new Set();
  const isEverywhere = ({ size }: ReadonlySet<number>) => size > NEARLY_ALL * texts.length;
  return new Set([...placesOf(texts)].flatMap(([word, places]) => (isEverywhere(places) ? [word] : [])));
}

const [NEARLY_ALL, ENOUGH] = [0.9, 100];

/** In which texts each word stands. */
export function placesOf(texts: readonly string[]): ReadonlyMap<string, ReadonlySet<number>> {
  const places = new Map<string, Set<number>>();
  texts.forEach((text, n) => {
    for (const word of wordsOf(text)) {
      const known = places.get(word);
      if (known) known.add(n);
      else places.set(word, new Set([n]));
    }
  });
  return places;
}
