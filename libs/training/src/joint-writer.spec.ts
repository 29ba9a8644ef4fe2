import { describe, expect, it } from 'vitest';
import { JointWriter, type Joint } from './joint-writer.js';

const joint = (count: string, next: string, text: string): Joint => ({
  kinds: 'thing thing',
  places: [],
  shapes: [],
  features: [count, next],
  text,
  isBeforeCapital: false,
});
const first = <T>(options: readonly T[]): T => options[0]!;
const written = (writer: JointWriter, ...features: string[]) =>
  writer.write({ kinds: 'thing thing', places: [], shapes: [], features }, first)?.text;

describe('a joint', () => {
  it('is put together of words that were learned apart', () => {
    const writer = new JointWriter([
      ...Array.from({ length: 4 }, () => joint('one', 'o', ' is playing by an ')),
      ...Array.from({ length: 4 }, () => joint('one', 't', ' is playing by a ')),
      ...Array.from({ length: 4 }, () => joint('two', 't', ' are playing by a ')),
    ]);
    expect(written(writer, 'two', 'o')).toBe(' are playing by an ');
  });

  it('says whether a sentence begins behind it', () => {
    const writer = new JointWriter([{ ...joint('one', 'o', '. '), isBeforeCapital: true }]);
    const end = writer.write({ kinds: 'thing thing', places: [], shapes: [], features: ['one', 'o'] }, first);
    expect(end).toEqual({ text: '. ', isBeforeCapital: true });
  });

  it('is not known between neighbours of other kinds', () => {
    const writer = new JointWriter([joint('one', 'o', ' by ')]);
    const between = { kinds: 'thing place', places: [], shapes: [], features: ['one', 'o'] };
    expect(writer.write(between, first)).toBeUndefined();
  });

  it('is not known behind a shape that was never seen, where shapes tell', () => {
    const behind = (shape: string, text: string) => ({ ...joint('', 'o', text), shapes: [shape, ''] });
    const seen = [behind('a: cat', ', tallying 1'), behind('two: cat', ', tallying 2')];
    const writer = new JointWriter(Array.from({ length: 4 }, () => seen).flat());
    const after = (shape: string) => writer.write(behind(shape, ''), first)?.text;
    expect(after('two: cat')).toBe(', tallying 2');
    expect(after('three: cat')).toBeUndefined();
  });

  it('ends, whatever it repeats', () => {
    const writer = new JointWriter([joint('one', 'o', ' and'.repeat(9))]);
    expect(written(writer, 'one', 'o')).toBeUndefined();
  });
});
