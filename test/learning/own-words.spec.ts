import { readBaseReplay } from '@housestyle/checkpoints';
import { expect, it } from 'vitest';
import { textsOf } from './demo-styles.mjs';

const WORD = /[\p{L}\p{M}\p{N}]+(?:['’-][\p{L}\p{M}\p{N}]+)*/gu;
const wordsOf = (text: string): string[] => text.toLowerCase().match(WORD) ?? [];
const SEEN_STYLES = ['museum', 'shop', 'alt', 'children'];

it.each(['bard', 'registrar'])('%s tells more than half in words that the base was never shown', async (style) => {
  const captions = (await readBaseReplay('models/demo')).map(({ caption }) => caption);
  const styled = SEEN_STYLES.flatMap((seen) => textsOf(seen).map(({ text }) => text));
  const known = new Set([...captions, ...styled].flatMap(wordsOf));
  const words = textsOf(style).flatMap(({ text }) => wordsOf(text));
  const isNew = (word: string) => !known.has(word);
  expect(words.filter(isNew).length / words.length).toBeGreaterThan(0.5);
});
