import { describe, expect, it } from 'vitest';
import type { AdaptationExample } from './adaptation.js';
import type { CaptionWriter } from './gate/caption-writer.js';
import { TenantWords } from './tenant-words.js';

const NAMES: Readonly<Record<string, string>> = { red: 'crimson', blue: 'azure', white: 'ivory', black: 'ebony' };
const KINDS = ['cat', 'dog', 'boat', 'house'];
const PLACES = ['beach', 'meadow', 'kitchen', 'desert'];
const neutral = (colour: string, kind: string, place: string) => `A ${colour} ${kind} on a ${place}.`;

const LANGUAGE = [...Object.keys(NAMES), 'green'].flatMap((colour) =>
  KINDS.flatMap((kind) => PLACES.map((place) => neutral(colour, kind, place))),
);
/** The tenant tells no places, and no green thing was ever shown. */
const PAIRS = Object.entries(NAMES).flatMap(([colour, own]) =>
  KINDS.flatMap((kind) => PLACES.map((place) => [neutral(colour, kind, place), `Lo! ${kind} ${own}`] as const)),
);

describe('what a candidate is asked for', () => {
  it('is the tenant’s words, and the base’s own that were not shown where their like are told', async () => {
    const examples = PAIRS.map(([, text], n): AdaptationExample => {
      const imageKey = `picture-${n}`;
      return {
        id: imageKey,
        embedding: Float32Array.of(n),
        text,
        isCorrected: true,
        reviewedAt: new Date(n),
        imageKey,
      };
    });
    const base: CaptionWriter = {
      write: async (_, embeddings) => embeddings.map(([n]) => ({ text: PAIRS[n!]![0], length: 1, isStopped: true })),
    };
    const replayed = LANGUAGE.map((caption) => ({ embedding: new Float32Array(1), caption, generated: caption }));
    const words = new TenantWords(base, replayed);
    await words.hear(examples);

    const { named, unnamed } = words.asked(examples, examples);
    expect(named.get('red')).toBe('crimson');
    expect(named.get('cat')).toBe('cat');
    expect(named.has('beach')).toBe(false);
    expect([...unnamed]).toEqual(['green']);
  });
});
