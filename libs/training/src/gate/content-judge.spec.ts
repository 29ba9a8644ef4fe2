import { describe, expect, it } from 'vitest';
import { asItself, contentRecall, meanShare, WordContentJudge } from './content-judge.js';

const LEXICON = new Map([
  ['red', 'crimson'],
  ['cat', 'cat'],
]);
const judged = (neutral: string, caption: string) => ({ embedding: new Float32Array(1), neutral, caption });

describe('content by words', () => {
  it('counts what is said by the tenant’s words', () => {
    expect(contentRecall('A red cat.', 'Lo! cat crimson', LEXICON)).toBe(1);
    expect(contentRecall('A red cat.', 'Lo! cat azure', LEXICON)).toBe(0.5);
    expect(contentRecall('Nothing of it.', 'Nothing', LEXICON)).toBeUndefined();
  });

  it('asks the base’s own captions for the same words, standing for themselves', async () => {
    const judge = new WordContentJudge();
    const captions = [judged('A red cat.', 'A red cat.'), judged('A red dog.', 'A blue dog.'), judged('Fog.', 'Fog.')];
    const shares = await judge.shares(captions, { named: asItself(LEXICON), unnamed: new Set() });
    expect(shares).toEqual([1, 0, undefined]);
    expect(meanShare(shares)).toBe(0.5);
  });

  describe('of a word whose name is not known', () => {
    const share = async (write: (colour: string) => string) => {
      const colours = ['red', 'green', 'blue', 'white'].flatMap((colour) => Array<string>(10).fill(colour));
      const captions = colours.map((colour) => judged(`A ${colour} cat.`, `Lo! cat ${write(colour)}`));
      const asked = { named: new Map<string, string>(), unnamed: new Set(['green', 'fog']) };
      return meanShare(await new WordContentJudge().shares(captions, asked));
    };

    it('takes any word that tells it from all others, its own too', async () => {
      expect(await share((colour) => (colour === 'green' ? 'emerald' : 'crimson'))).toBeCloseTo(1);
      expect(await share((colour) => colour)).toBeCloseTo(1);
    });

    it('counts for little what is said of others too, and for nothing what tells nothing', async () => {
      const confused = await share((colour) => (colour === 'green' || colour === 'blue' ? 'azure' : colour));
      expect(confused).toBeGreaterThan(0.3);
      expect(confused).toBeLessThan(0.7);
      expect(await share(() => 'crimson')).toBe(0);
    });
  });
});
