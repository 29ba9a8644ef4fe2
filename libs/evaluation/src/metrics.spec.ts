import { describe, expect, it } from 'vitest';
import { bleu } from './bleu.js';
import { ciderD, ciderPlain } from './cider.js';
import { distinctRatio } from './distinct-ratio.js';
import { DocumentFrequencies } from './document-frequencies.js';
import { meanEditDistance, normalisedEditDistance } from './edit-distance.js';
import { evaluateCaptions, tokenisePictures } from './evaluate-captions.js';
import { rougeL } from './rouge-l.js';

const DOG = 'a small brown dog runs over the grass';
const TRAIN = 'two old trains stand at a station';
const identical = [DOG, TRAIN].map((text) => ({ hypothesis: text, references: [text] }));

describe('identical captions', () => {
  it('get the best scores', () => {
    const { corpus, perImage } = evaluateCaptions(identical);
    for (const scores of [corpus, ...perImage]) {
      for (const value of [...scores.bleu, scores.rougeL]) expect(value).toBeCloseTo(1, 8);
      expect(scores.cider).toBeCloseTo(10, 8);
      expect(scores.ciderPlain).toBeCloseTo(10, 8);
    }
  });
});

describe('an empty caption', () => {
  const pictures = [{ hypothesis: '', references: [DOG, TRAIN] }, identical[1]!];

  it('gets nothing, and no NaN', () => {
    const [empty] = evaluateCaptions(pictures).perImage;
    expect([...empty!.bleu, empty!.rougeL, empty!.cider, empty!.ciderPlain].map((value) => value + 0)).toEqual([
      ...[0, 0, 0, 0],
      ...[0, 0, 0],
    ]);
  });
});

describe('BLEU', () => {
  it('clips repeated words and takes the shorter of two equally close references', () => {
    const scores = bleu([{ hypothesis: 'the the the', references: ['the cat', 'the cat sat on'] }]).corpus;
    expect(scores[0]).toBeCloseTo(1 / 3, 8);
    expect(scores[1]).toBeLessThan(1e-6);
  });

  it('punishes shortness', () => {
    expect(bleu([{ hypothesis: 'a small', references: [DOG] }]).corpus[0]).toBeCloseTo(Math.exp(1 - 8 / 2), 8);
  });
});

describe('ROUGE-L', () => {
  it('takes the best precision and recall over all references', () => {
    const [precision, recall] = [2 / 3, 1];
    const expected = (2.44 * precision * recall) / (recall + 1.44 * precision);
    expect(rougeL([{ hypothesis: 'a red bus', references: ['a bus', 'no'] }]).corpus).toBeCloseTo(expected, 12);
  });
});

describe('CIDEr', () => {
  it('of one picture needs the frequencies of more', () => {
    expect(ciderD([identical[0]!]).corpus).toBe(0);
    const frequencies = new DocumentFrequencies([[DOG], [TRAIN], ['something else entirely here']]);
    expect(ciderD([identical[0]!], frequencies).corpus).toBeCloseTo(10, 8);
  });

  it('is fooled by repetition only without the D', () => {
    const frequencies = new DocumentFrequencies([[DOG], [TRAIN]]);
    const repeated = [{ hypothesis: `${DOG} ${DOG} ${DOG}`, references: [DOG] }];
    expect(ciderPlain(repeated, frequencies).corpus).toBeGreaterThan(9);
    expect(ciderD(repeated, frequencies).corpus).toBeLessThan(1);
  });
});

describe('edit distance', () => {
  it.each([
    ['', '', 0],
    ['kitten', 'sitting', 3 / 7],
    ['abc', '', 1],
    ['👍🏽', '👍', 1 / 2],
  ])('of %s and %s is %d', (a, b, expected) => {
    expect(normalisedEditDistance(a, b)).toBeCloseTo(expected, 12);
    expect(normalisedEditDistance(b, a)).toBeCloseTo(expected, 12);
  });

  it('is averaged over pairs', () => {
    expect(
      meanEditDistance([
        ['a', 'a'],
        ['a', 'b'],
      ]),
    ).toBe(0.5);
  });
});

describe('what no metric is defined for', () => {
  it('is refused', () => {
    for (const metric of [bleu, rougeL, ciderD, ciderPlain, evaluateCaptions]) {
      expect(() => metric([])).toThrow('no pictures');
      expect(() => metric([identical[0]!, { hypothesis: 'a', references: [] }])).toThrow('picture 1 has no references');
    }
    expect(() => distinctRatio([])).toThrow(RangeError);
    expect(() => meanEditDistance([])).toThrow(RangeError);
  });
});

describe('tokenisePictures', () => {
  it('gives each picture its own references', () => {
    const pictures = [
      { hypothesis: 'A dog.', references: ['One.', 'Two!'] },
      { hypothesis: "It's", references: ['Three'] },
    ];
    expect(tokenisePictures(pictures)).toEqual([
      { hypothesis: 'a dog', references: ['one', 'two'] },
      { hypothesis: "it 's", references: ['three'] },
    ]);
  });
});

describe('distinctRatio', () => {
  it('falls when captions repeat', () => {
    expect(distinctRatio(['a', 'b', 'a', 'a'])).toBe(0.5);
  });
});
