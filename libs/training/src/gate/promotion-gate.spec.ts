import type { MapperVersionFiles } from '@housestyle/clipcap';
import { describe, expect, it } from 'vitest';
import type { CaptionWriter } from './caption-writer.js';
import { WordContentJudge } from './content-judge.js';
import { PromotionGate } from './promotion-gate.js';

/** Writes under each picture what the version's own list says. */
const writer: CaptionWriter = {
  write: async (files, embeddings) =>
    embeddings.map((_, n) => ({ text: (files!.config as readonly string[])[n]!, length: 1, isStopped: true })),
};

const writing = (captions: readonly string[]) => ({ config: captions }) satisfies MapperVersionFiles;

describe('content on the base slice', () => {
  const slice = Array.from({ length: 40 }, () => {
    return { embedding: new Float32Array(1), caption: 'A red cat.', generated: 'A red cat.' };
  });
  const gate = new PromotionGate(writer, new WordContentJudge(), slice);
  const asked = { named: new Map([['red', 'crimson'], ['cat', 'cat']]), unnamed: new Set<string>() }; // prettier-ignore
  const saying = (whole: number) => writing(slice.map((_, n) => (n < whole ? 'cat crimson' : 'cat azure')));

  it('is what each side says, and how likely the candidate says no more', async () => {
    const more = await gate.content(saying(20), saying(30), asked, 1);
    expect([more.champion, more.candidate]).toEqual([0.75, 0.875]);
    expect(more.p).toBeLessThan(0.01);
    expect((await gate.content(saying(30), saying(20), asked, 1)).p).toBeGreaterThan(0.99);
    expect((await gate.content(saying(30), saying(30), asked, 1)).p).toBe(1);
  });

  it('leaves open whether it is more than the base’s own, which is asked for other words', async () => {
    const beside = await gate.content(undefined, saying(30), asked, 1);
    expect(beside).toEqual({ champion: 1, candidate: 0.875 });
  });

  it('takes no word without a known name for a gain in each picture', async () => {
    const green = slice.map((one, n) => ({ ...one, caption: n < 20 ? 'A green cat.' : 'A red cat.' }));
    const beside = new PromotionGate(writer, new WordContentJudge(), green);
    const told = (right: number) => writing(green.map((_, n) => (n < right ? 'cat emerald' : 'cat crimson')));
    const { champion, candidate, p } = await beside.content(
      told(10),
      told(20),
      { named: new Map([['cat', 'cat']]), unnamed: new Set(['green']) },
      1,
    );
    expect(candidate).toBeGreaterThan(champion);
    expect(p).toBe(1);
  });
});
