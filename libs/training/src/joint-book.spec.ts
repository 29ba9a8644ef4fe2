import { describe, expect, it } from 'vitest';
import { JointBook, type Joint } from './joint-book.js';

const joint = (features: readonly string[], text: string): Joint => ({ kinds: 'thing place', features, text });
const best = (book: JointBook, ...features: string[]) =>
  [...book.likelihoods('thing place', features)].sort((a, b) => b[1] - a[1])[0]?.[0];

describe('what joins two neighbours', () => {
  it('is told by the feature that decides it, whatever the others say', () => {
    const many = ['x', 'y', 'z'].flatMap((other) => [
      joint(['one', other], ' is in '),
      joint(['two', other], ' are in '),
    ]);
    const book = new JointBook([...many, ...many]);
    expect(best(book, 'one', 'never seen')).toBe(' is in ');
    expect(best(book, 'two', 'x')).toBe(' are in ');
  });

  it('is what most say where nothing decides', () => {
    const texts = [' in ', ' in ', ' in ', ' at '];
    const book = new JointBook(texts.map((text, n) => joint([String(n)], text)));
    expect(best(book, 'other')).toBe(' in ');
  });

  it('is not told by the joints of other neighbours', () => {
    expect(new JointBook([joint(['one'], ' in ')]).likelihoods('place thing', ['one']).size).toBe(0);
  });
});
