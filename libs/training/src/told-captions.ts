import type { Phrase, TenantVocabulary } from './tenant-vocabulary.js';
import type { ToldTwice } from './word-company.js';
import { WORD } from './words.js';

/** A picture told twice, with the place of every neutral word's partner in the tenant's text. */
export interface ToldCaption {
  readonly phrases: readonly Phrase[];
  readonly untold: readonly string[];
  /** words and what stands between them, by turns: a word is at every odd index. */
  readonly pieces: readonly string[];
  /** of each phrase, of each of its words: the index in `pieces`. */
  readonly places: readonly (readonly number[])[];
}

/** undefined: the base misread the picture, or the text cannot be followed. */
export function follow({ neutral, styled }: ToldTwice, vocabulary: TenantVocabulary): ToldCaption | undefined {
  const phrases = vocabulary.phrases(neutral);
  if (!phrases || phrases.length === 0) return undefined;
  const pieces = piecesOf(styled);
  const left = new Map<string, number[]>();
  for (let at = 1; at < pieces.length; at += 2) {
    const word = pieces[at]!.toLowerCase();
    left.set(word, [...(left.get(word) ?? []), at]);
  }
  const places = phrases.map(({ words }) =>
    words.map((word) => left.get(vocabulary.translated(word)!)?.shift() ?? NOWHERE),
  );
  followMisreadings(phrases, places, left, vocabulary);
  if (places.flat().includes(NOWHERE) || !areApart(places)) return undefined;
  const unsaid = [...left].flatMap(([word, at]) => (at.length > 0 ? [word] : []));
  if (unsaid.some((word) => vocabulary.sourceOf(word) && !vocabulary.goesWithoutSaying(word))) return undefined;
  return { phrases, untold: vocabulary.untold(neutral), pieces, places };
}

/** A word that the base misread stands for the one of its kind that the tenant wrote instead, if there is but one. */
function followMisreadings(
  phrases: readonly Phrase[],
  places: number[][],
  left: Map<string, number[]>,
  vocabulary: TenantVocabulary,
): void {
  phrases.forEach(({ words }, n) =>
    words.forEach((word, at) => {
      if (places[n]![at] !== NOWHERE) return;
      const instead = [...left].filter(([own, free]) => {
        const source = vocabulary.sourceOf(own);
        return free.length > 0 && source !== undefined && vocabulary.isAlike(word, source);
      });
      if (instead.length === 1 && instead[0]![1].length === 1) places[n]![at] = instead[0]![1].shift()!;
    }),
  );
}

const NOWHERE = -1;

/** No phrase's words stand among another's: where they do, the base took one thing for the other. */
function areApart(places: readonly (readonly number[])[]): boolean {
  const spans = places.map(span).sort((a, b) => a.from - b.from);
  return spans.every(({ from }, n) => n === 0 || from > spans[n - 1]!.to);
}

export const span = (places: readonly number[]) => ({ from: Math.min(...places), to: Math.max(...places) });

function piecesOf(text: string): string[] {
  const pieces: string[] = [];
  let from = 0;
  for (const { index, 0: word } of text.matchAll(WORD)) {
    pieces.push(text.slice(from, index), word);
    from = index + word.length;
  }
  return [...pieces, text.slice(from)];
}
