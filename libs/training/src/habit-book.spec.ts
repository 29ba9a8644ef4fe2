import { describe, expect, it } from 'vitest';
import { HabitBook, type Habit } from './habit-book.js';

const habit = (features: readonly string[], text: string): Habit => ({ subject: 'thing place', features, text });
const likely = (book: HabitBook, ...features: string[]) => book.likely({ subject: 'thing place', features });

describe('what a tenant writes in a place', () => {
  it('is told by the feature that decides it, whatever the others say', () => {
    const many = ['x', 'y', 'z'].flatMap((other) => [
      habit(['one', other], ' is in '),
      habit(['two', other], ' are in '),
    ]);
    const book = new HabitBook([...many, ...many]);
    expect(likely(book, 'one', 'never seen')).toEqual([' is in ']);
    expect(likely(book, 'two', 'x')).toEqual([' are in ']);
  });

  it('is what most say where nothing decides, and any of several that are as usual', () => {
    const bookOf = (...texts: string[]) => new HabitBook(texts.map((text, n) => habit([String(n)], text)));
    expect(likely(bookOf(' in ', ' in ', ' in ', ' at '), 'other')).toEqual([' in ']);
    expect(likely(bookOf(' in ', ' at ', ' in ', ' at '), 'other').toSorted()).toEqual([' at ', ' in ']);
  });

  it('is no misreading, though that be as frequent: what is far more usual where a feature that tells is another', () => {
    const counted = (feature: string, text: string, times: number) => Array<Habit>(times).fill(habit([feature], text));
    const numbers = [
      ...counted('one', ' solitary', 30),
      ...[...counted('two', ' twain', 12), ...counted('two', ' solitary', 1)],
      ...[...counted('three', ' twain', 4), ...counted('three', ' thrice', 4)],
    ];
    expect(likely(new HabitBook(numbers), 'three')).toEqual([' thrice']);
    expect(likely(new HabitBook([...numbers, ...counted('few', ' twain', 3)]), 'few')).toEqual([' twain']);

    const exchanged = [
      ...counted('one', ' solitary', 30),
      ...[...counted('two', ' twain', 8), ...counted('two', ' thrice', 5)],
      ...[...counted('three', ' twain', 2), ...counted('three', ' thrice', 3)],
    ];
    expect(likely(new HabitBook(exchanged), 'two')).toEqual([' twain']);
    expect(likely(new HabitBook(exchanged), 'three')).toEqual([' thrice']);
  });

  it('is not told by habits of another subject', () => {
    expect(new HabitBook([habit(['one'], ' in ')]).likely({ subject: 'place thing', features: ['one'] })).toEqual([]);
  });

  it('is not known where a feature that decides has a value that was never seen', () => {
    const seen = [habit(['one'], ' is '), habit(['two'], ' are ')].map((one) => ({ ...one, deciding: 1 }));
    const book = new HabitBook([...seen, ...seen, ...seen, ...seen]);
    expect(likely(book, 'two')).toEqual([' are ']);
    expect(likely(book, 'three')).toEqual([]);
  });
});
