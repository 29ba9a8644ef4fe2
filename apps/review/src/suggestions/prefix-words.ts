import type { PrefixPosition } from '@housestyle/contracts';

/** A token as a person reads it: without the space it begins with, and line breaks and lone spaces to be seen. */
export function readableWord(text: string): string {
  const word = text.trim();
  if (word !== '') return word;
  return text.includes('\n') ? '⏎' : '␣';
}

/** Where the cosines' common scale ends: the next tenth above the largest. */
export function scaleEnd(positions: readonly PrefixPosition[]): number {
  const largest = Math.max(0, ...positions.flatMap(({ words }) => words.map(({ cosine }) => cosine)));
  return Math.min(1, Math.max(1, Math.ceil(largest * 10)) / 10);
}
