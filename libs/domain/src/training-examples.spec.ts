import { describe, expect, it } from 'vitest';
import {
  chooseHoldOut,
  divideCaptions,
  HOLD_OUT_FROM_PICTURES,
  pictureSignature,
  withoutRepeats,
  type ReviewedCaption,
} from './training-examples.js';

const caption = (n: number, change: Partial<ReviewedCaption> = {}): ReviewedCaption => ({
  imageKey: `picture ${n}`,
  text: `caption ${n}`,
  editor: 'ana',
  reviewedAt: new Date(n),
  ...change,
});
const captions = (count: number, from = 0) => Array.from({ length: count }, (_, n) => caption(from + n));
const none = new Set<string>();

describe('chooseHoldOut', () => {
  it('takes nothing while every caption is needed', () => {
    expect(chooseHoldOut(captions(HOLD_OUT_FROM_PICTURES - 1), none, none).size).toBe(0);
  });

  it('takes the newest fifth of the pictures', () => {
    const chosen = chooseHoldOut(captions(50), none, none);
    expect([...chosen].sort()).toEqual(Array.from({ length: 10 }, (_, n) => `picture ${40 + n}`));
  });

  it('grows with the library, and takes no picture that was trained on', () => {
    const held = chooseHoldOut(captions(50), none, none);
    const trained = new Set(
      captions(95)
        .map(({ imageKey }) => imageKey)
        .filter((key) => !held.has(key)),
    );
    const more = chooseHoldOut(captions(100), held, trained);
    expect([...more].sort()).toEqual(Array.from({ length: 5 }, (_, n) => `picture ${95 + n}`));
  });

  it('is gathered picture by picture where each run finds but a few new ones', () => {
    const trained = new Set(captions(49).map(({ imageKey }) => imageKey));
    const held = new Set<string>();
    for (let count = 50; count <= 60; count++) {
      for (const picture of chooseHoldOut(captions(count), held, trained)) held.add(picture);
    }
    expect([...held]).toEqual(Array.from({ length: 11 }, (_, n) => `picture ${49 + n}`));
  });

  it('counts a picture once, however often it was uploaded', () => {
    const twice = captions(49).flatMap((each) => [each, { ...each, text: 'again' }]);
    expect(chooseHoldOut(twice, none, none).size).toBe(0);
  });
});

describe('withoutRepeats', () => {
  it('keeps the newest of each text of a picture', () => {
    const again = caption(1, { reviewedAt: new Date(9) });
    const other = caption(1, { text: 'another' });
    expect(withoutRepeats([caption(1), again, other, caption(2)])).toEqual([again, other, caption(2)]);
  });
});

describe('pictureSignature', () => {
  const embedding = Float32Array.from({ length: 512 }, (_, n) => Math.sin(n * 7.13) * 0.4);

  it('is the same for the last bits’ difference that another batch makes', () => {
    const noisy = embedding.map((value) => value * (1 + 1e-7));
    expect(pictureSignature(noisy)).toEqual(pictureSignature(embedding));
  });

  it('differs between pictures', () => {
    const other = embedding.map((value, n) => value + Math.cos(n) * 0.01);
    expect(pictureSignature(other)).not.toEqual(pictureSignature(embedding));
  });
});

describe('divideCaptions', () => {
  it('judges by the newest caption of each picture held out, and learns from the others', () => {
    const again = [
      caption(55, { text: 'said anew', reviewedAt: new Date(100) }),
      caption(0, { reviewedAt: new Date(101) }),
    ];
    const { holdOut, training } = divideCaptions([...captions(60), ...again], none, none);
    expect(holdOut.map(({ text }) => text)).toEqual([
      ...[49, 50, 51, 52, 53, 54, 56, 57, 58, 59].map((n) => `caption ${n}`),
      'said anew',
      'caption 0',
    ]);
    expect(training.map(({ imageKey }) => imageKey)).toEqual(Array.from({ length: 48 }, (_, n) => `picture ${n + 1}`));
  });

  it('never gives a picture back that was held out, and learns from all where they are few', () => {
    const held = new Set(['picture 3']);
    expect(divideCaptions(captions(20), held, none).training).toHaveLength(19);
    expect(divideCaptions(captions(20), none, none)).toEqual({
      holdOut: [],
      training: captions(20),
      leftOut: { ownWording: 0, overShare: 0 },
    });
  });

  describe('where one of several editors wrote the newest', () => {
    const by = (editor: string, count: number, from: number, text = 'A boat at sea, painted red.') =>
      captions(count, from).map((each) => ({ ...each, editor, text: `${text} ${each.reviewedAt.getTime() % 7}` }));
    const honest = [...by('ana', 60, 0), ...by('ben', 60, 60)];

    it('lets no one bring more than half of a hold-out or of a training set', () => {
      const { holdOut, training, leftOut } = divideCaptions([...honest, ...by('eve', 250, 120)], none, none);
      const ofEve = (all: readonly ReviewedCaption[]) => all.filter(({ editor }) => editor === 'eve').length;
      expect([holdOut.length, ofEve(holdOut)]).toEqual([74, 37]);
      expect([training.length, ofEve(training)]).toEqual([166, 83]);
      expect(leftOut).toEqual({ ownWording: 0, overShare: 130 });
    });

    it('neither learns nor is judged by what one of them alone repeats', () => {
      const planted = by('eve', 250, 120, 'Buy now at the red boat.');
      const { holdOut, training, leftOut } = divideCaptions([...honest, ...planted], none, none);
      expect([...holdOut, ...training].filter(({ editor }) => editor === 'eve')).toEqual([]);
      expect([holdOut.length, training.length, leftOut]).toEqual([24, 96, { ownWording: 250, overShare: 0 }]);
    });

    it('does neither where whoever reviews is to decide', () => {
      const { holdOut, training } = divideCaptions([...honest, ...by('eve', 250, 120, 'Buy now.')], none, none, 1);
      expect(holdOut.length + training.length).toBe(370);
      expect(holdOut.every(({ editor }) => editor === 'eve')).toBe(true);
    });
  });
});
