import { describe, expect, it } from 'vitest';
import { contentRecall, learnLexicon, retell, type ToldTwice } from './retelling.js';

const COLOURS = { red: 'crimson', blue: 'azure', green: 'emerald' };
const KINDS = ['cat', 'dog', 'kite'];
const neutral = (colour: string, kind: string) => `A ${colour} ${kind} in the sun.`;
const styled = (colour: string, kind: string) => `Lo! ${kind} ${colour} shineth`;

/** Every kind in every colour but the last of both. */
const PAIRS: ToldTwice[] = Object.entries(COLOURS).flatMap(([colour, own]) =>
  KINDS.filter((kind) => colour !== 'green' || kind !== 'kite').map((kind) => ({
    neutral: neutral(colour, kind),
    styled: styled(own, kind),
  })),
);
const NEUTRAL = Object.keys(COLOURS).flatMap((colour) => KINDS.map((kind) => neutral(colour, kind)));
const first = <T>(options: readonly T[]): T => options[0]!;

describe('retelling', () => {
  const lexicon = learnLexicon([...PAIRS, ...PAIRS]);

  it('learns which words a tenant keeps and which it renames', () => {
    expect(Object.fromEntries(lexicon)).toMatchObject({ red: 'crimson', blue: 'azure', cat: 'cat', dog: 'dog' });
    expect(lexicon.has('in')).toBe(false);
  });

  it('tells what the tenant never told in its words', () => {
    const [text] = retell([neutral('green', 'kite'), ...NEUTRAL], PAIRS, lexicon, first);
    expect(text).toBe('Lo! kite emerald shineth');
  });

  it('leaves alone what has another shape', () => {
    expect(retell(['Two cats.', ...NEUTRAL], PAIRS, lexicon, first)[0]).toBeUndefined();
  });

  it('counts what is said by the tenant’s words', () => {
    expect(contentRecall(neutral('red', 'cat'), styled('crimson', 'cat'), lexicon)).toBe(1);
    expect(contentRecall(neutral('red', 'cat'), styled('azure', 'cat'), lexicon)).toBe(0.5);
    expect(contentRecall('Nothing of it.', 'Nothing', lexicon)).toBeUndefined();
  });
});
