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

  it('is told by the next best feature where the best never had this value', () => {
    const both = [
      ...['b', 'c', 'd'].flatMap((letter) => Array<Habit>(3).fill(habit(['a', letter], ' a'))),
      ...['e', 'i'].flatMap((letter) => Array<Habit>(3).fill(habit(['a', letter], ' an'))),
      ...Array<Habit>(20).fill(habit(['two', 't'], '')),
    ];
    expect(likely(new HabitBook(both), 'a', 'e')).toEqual([' an']);
    expect(likely(new HabitBook(both), 'a', 'x')).toEqual([' a', ' an']);
  });

  describe('is in doubt', () => {
    const counted = (lead: string, text: string, times: number, ...features: string[]) =>
      Array<Habit>(times).fill({ ...habit([lead, ...features], text), deciding: 1, leading: 0 });
    const doubtful = (habits: readonly Habit[], ...features: string[]) =>
      new HabitBook(habits).doubtful({ subject: 'thing place', features });
    const ones = [...counted('one', ' solitary', 12), ...counted('one', ' twain', 2)];
    const twos = [...counted('two', ' twain', 4), ...counted('two', ' thrice', 4)];
    const threes = [...counted('three', ' twain', 1), ...counted('three', ' thrice', 1)];

    it('where the word in front decides what is written, but not for its value here', () => {
      expect(doubtful([...ones, ...twos, ...threes], 'two')).toBe(0);
      expect(doubtful([...ones, ...twos, ...threes], 'one')).toBeUndefined();
      expect(doubtful([...ones, ...counted('two', ' twain', 8), ...threes], 'two')).toBeUndefined();
    });

    it('though another feature tells it, if that never had this value', () => {
      const told = [...counted('two', ' twain', 4, 'amber'), ...counted('two', ' thrice', 4, 'azure')];
      const others = [...ones, ...threes].map((one) => ({ ...one, features: [...one.features, 'amber'] }));
      expect(doubtful([...others, ...told], 'two', 'amber')).toBeUndefined();
      expect(doubtful([...others, ...told], 'two', 'ebony')).toBe(0);
    });

    it('not where a tenant writes now this, now that', () => {
      const verbs = (lead: string, is: string, ...times: number[]) =>
        ['playing', 'dreaming'].flatMap((verb, n) => counted(lead, is + verb, times[n]!));
      const [two, three] = [verbs('two', ' are ', 3, 3), verbs('three', ' are ', 1, 1)];
      expect(doubtful([...verbs('one', ' is ', 6, 6), ...two, ...three], 'two')).toBeUndefined();
      expect(doubtful([...verbs('one', ' is ', 12, 5), ...two, ...three], 'two')).toBeUndefined();
      const rests = [...counted('two', ' sit', 4), ...counted('two', ' rest', 4)];
      expect(doubtful([...counted('one', ' sits', 18), ...rests], 'two')).toBeUndefined();
    });
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
