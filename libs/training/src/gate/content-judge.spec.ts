import type { MapperVersionFiles } from '@housestyle/clipcap';
import { describe, expect, it } from 'vitest';
import type { CaptionWriter } from './caption-writer.js';
import { asItself, contentRecall, meanShare, WordContentJudge, wordShares, type AskedWords } from './content-judge.js';

const LEXICON = new Map([
  ['red', 'crimson'],
  ['cat', 'cat'],
]);
const judged = (neutral: string, caption: string) => ({ neutral, caption });

describe('content by words', () => {
  it('counts what is said by the tenant’s words', () => {
    expect(contentRecall('A red cat.', 'Lo! cat crimson', LEXICON)).toBe(1);
    expect(contentRecall('A red cat.', 'Lo! cat azure', LEXICON)).toBe(0.5);
    expect(contentRecall('Nothing of it.', 'Nothing', LEXICON)).toBeUndefined();
  });

  it('asks the base’s own captions for the same words, standing for themselves', () => {
    const captions = [judged('A red cat.', 'A red cat.'), judged('A red dog.', 'A blue dog.'), judged('Fog.', 'Fog.')];
    const shares = wordShares(captions, { named: asItself(LEXICON), unnamed: new Set() });
    expect(shares).toEqual([1, 0, undefined]);
    expect(meanShare(shares)).toBe(0.5);
  });

  describe('of a word whose name is not known', () => {
    const share = (write: (colour: string) => string) => {
      const colours = ['red', 'green', 'blue', 'white'].flatMap((colour) => Array<string>(10).fill(colour));
      const captions = colours.map((colour) => judged(`A ${colour} cat.`, `Lo! cat ${write(colour)}`));
      const asked = { named: new Map<string, string>(), unnamed: new Set(['green', 'fog']) };
      return meanShare(wordShares(captions, asked));
    };

    it('takes any word that tells it from all others, its own too', () => {
      expect(share((colour) => (colour === 'green' ? 'emerald' : 'crimson'))).toBeCloseTo(1);
      expect(share((colour) => colour)).toBeCloseTo(1);
    });

    it('counts for little what is said of others too, and for nothing what tells nothing', () => {
      const confused = share((colour) => (colour === 'green' || colour === 'blue' ? 'azure' : colour));
      expect(confused).toBeGreaterThan(0.3);
      expect(confused).toBeLessThan(0.7);
      expect(share(() => 'crimson')).toBe(0);
    });
  });
});

/** Writes under each picture what the version's own list says. */
const writer: CaptionWriter = {
  write: async (files, embeddings) =>
    embeddings.map((_, n) => ({ text: (files!.config as readonly string[])[n]!, length: 1, isStopped: true })),
};

/** This judge asks nothing of the tenant's pictures. */
const NO_CONTEST = { examples: [], champion: [], candidate: [] };

const content = (
  judge: WordContentJudge,
  champion: MapperVersionFiles | undefined,
  candidate: MapperVersionFiles,
  asked: AskedWords,
) => judge.content({ champion, candidate, asked, contest: NO_CONTEST, seed: 1 });

const writing = (captions: readonly string[]) => ({ config: captions }) satisfies MapperVersionFiles;

describe('content on the base slice', () => {
  const slice = Array.from({ length: 40 }, () => {
    return { embedding: new Float32Array(1), caption: 'A red cat.', generated: 'A red cat.' };
  });
  const judge = new WordContentJudge(writer, slice);
  const asked = { named: new Map([['red', 'crimson'], ['cat', 'cat']]), unnamed: new Set<string>() }; // prettier-ignore
  const saying = (whole: number) => writing(slice.map((_, n) => (n < whole ? 'cat crimson' : 'cat azure')));

  it('is what each side says, and how likely the candidate says no more', async () => {
    const more = await content(judge, saying(20), saying(30), asked);
    expect([more.champion, more.candidate]).toEqual([0.75, 0.875]);
    expect(more.p).toBeLessThan(0.01);
    expect((await content(judge, saying(30), saying(20), asked)).p).toBeGreaterThan(0.99);
    expect((await content(judge, saying(30), saying(30), asked)).p).toBe(1);
  });

  it('leaves open whether it is more than the base’s own, which is asked for other words', async () => {
    const beside = await content(judge, undefined, saying(30), asked);
    expect(beside).toEqual({ champion: 1, candidate: 0.875 });
  });

  it('takes no word without a known name for a gain in each picture', async () => {
    const green = slice.map((one, n) => ({ ...one, caption: n < 20 ? 'A green cat.' : 'A red cat.' }));
    const beside = new WordContentJudge(writer, green);
    const told = (right: number) => writing(green.map((_, n) => (n < right ? 'cat emerald' : 'cat crimson')));
    const { champion, candidate, p } = await content(beside, told(10), told(20), {
      named: new Map([['cat', 'cat']]),
      unnamed: new Set(['green']),
    });
    expect(candidate).toBeGreaterThan(champion);
    expect(p).toBe(1);
  });
});
