import { describe, expect, it } from 'vitest';
import { diffWords } from './word-diff';

const shown = (from: string, to: string) =>
  diffWords(from, to)
    .map(({ kind, text }) => ({ same: text, removed: `[-${text}-]`, added: `{+${text}+}` })[kind])
    .join('');

describe('a diff by words', () => {
  it.each([
    ['A red boat.', 'A red boat.', 'A red boat.'],
    ['A red boat.', 'A blue boat.', 'A [-red-]{+blue+} boat.'],
    ['A red boat.', 'A red boat, at sea.', 'A red boat{+, at sea+}.'],
    ['', 'Boat.', '{+Boat.+}'],
    ['Boat.', '', '[-Boat.-]'],
    ['A red boat at sea.', 'Boats, two: sea.', '[-A red boat at-]{+Boats, two:+} sea.'],
    ['one big dog', 'two big cats', '[-one-]{+two+} big [-dog-]{+cats+}'],
    ['Élan vital', 'Elan vital', '[-Élan-]{+Elan+} vital'],
  ])('“%s” → “%s”', (from, to, expected) => {
    expect(shown(from, to)).toBe(expected);
  });

  it('loses nothing of either text', () => {
    const [from, to] = ['A cat, two dogs — and “one” bird.', 'Two cats; a dog and one bird flying.'];
    const parts = diffWords(from, to);
    const without = (kind: string) =>
      parts
        .filter((part) => part.kind !== kind)
        .map(({ text }) => text)
        .join('');
    expect([without('added'), without('removed')]).toEqual([from, to]);
  });
});
