import { describe, expect, it } from 'vitest';
import { JointWriter, type Joint } from './joint-writer.js';

const joint = (count: string, next: string, text: string): Joint => ({
  kinds: ['thing', 'thing'],
  places: [],
  shapes: [],
  leads: [],
  features: [count, next],
  text,
  isBeforeCapital: false,
});
const first = <T>(options: readonly T[]): T => options[0]!;
const written = (writer: JointWriter, ...features: string[]) =>
  writer.write({ kinds: ['thing', 'thing'], places: [], shapes: [], leads: [], features }, first)?.text;

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
    const end = writer.write(
      { kinds: ['thing', 'thing'], places: [], shapes: [], leads: [], features: ['one', 'o'] },
      first,
    );
    expect(end).toEqual({ text: '. ', isBeforeCapital: true });
  });

  it('is not known between neighbours of other kinds', () => {
    const writer = new JointWriter([joint('one', 'o', ' by ')]);
    const between = { kinds: ['thing', 'place'] as const, places: [], shapes: [], leads: [], features: ['one', 'o'] };
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

  it('counts in the base’s own words where the tenant’s are in doubt', () => {
    const behind = (lead: string, text: string) => {
      const [shapes, leads] = [
        [`${lead}: cat`, ''],
        [lead, ''],
      ];
      return { ...joint('', 'o', text), places: ['', ''], shapes, leads };
    };
    const times = (count: number, lead: string, text: string) => Array<Joint>(count).fill(behind(lead, text));
    const sure = [...times(12, 'a', ' solitary, by '), ...times(1, 'a', ' twain, by ')];
    const misread = [
      ...[...times(4, 'two', ' twain, by '), ...times(4, 'two', ' thrice, by ')],
      ...[...times(1, 'three', ' twain, by '), ...times(1, 'three', ' thrice, by ')],
    ];
    const after = (joints: readonly Joint[], lead: string) =>
      new JointWriter(joints).write(behind(lead, ''), first)?.text;
    expect(after([...sure, ...misread], 'two')).toBe(' two, by ');
    expect(after([...sure, ...misread], 'a')).toBe(' solitary, by ');
    expect(after([...sure, ...misread, ...times(6, 'two', ' twain, by ')], 'two')).toBe(' twain, by ');
  });

  it('begins as all joints behind such a neighbour do, whatever follows, where that tells them better', () => {
    const behind = (right: string, shape: string, text: string): Joint => ({
      ...joint('', right, text),
      kinds: ['thing', right],
      shapes: [shape, ''],
    });
    const times = (count: number, ...one: Parameters<typeof behind>) => Array<Joint>(count).fill(behind(...one));
    const beforeTime = [...times(20, 'time', 'a: cat', ' solitary,'), ...times(8, 'time', 'two: cat', ' twain,')];
    // of things before others few are two, and twice the base saw one too few
    const beforeThing = [
      ...[...times(12, 'thing', 'a: cat', ' solitary,'), ...times(2, 'thing', 'a: cat', ' twain,')],
      ...times(1, 'thing', 'two: cat', ' twain,'),
    ];
    const twoCats = (writer: JointWriter) => writer.write(behind('thing', 'two: cat', ''), first)?.text;
    expect(twoCats(new JointWriter(beforeThing))).toBe(' solitary,');
    const writer = new JointWriter([...beforeTime, ...beforeThing]);
    expect(twoCats(writer)).toBe(' twain,');
    expect(writer.write(behind('place', 'two: cat', ''), first)).toBeUndefined();
  });

  it('ends, whatever it repeats', () => {
    const writer = new JointWriter([joint('one', 'o', ' and'.repeat(9))]);
    expect(written(writer, 'one', 'o')).toBeUndefined();
  });
});
