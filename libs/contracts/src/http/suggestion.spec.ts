import { describe, expect, it } from 'vitest';
import { confidenceOf, CreateReviewSchema } from './suggestion.js';

describe('confidence', () => {
  it('is the geometric mean of the token probabilities', () => {
    const probabilities = [0.9, 0.5, 0.7];
    const score = probabilities.reduce((sum, p) => sum + Math.log(p), 0) / probabilities.length;
    expect(confidenceOf(score)).toBeCloseTo((0.9 * 0.5 * 0.7) ** (1 / 3), 12);
  });

  it('stays between 0 and 1, rounding errors included', () => {
    expect(confidenceOf(1e-9)).toBe(1);
    expect(confidenceOf(-1e9)).toBe(0);
  });
});

describe('a review', () => {
  it('carries a text if, and only if, it corrects', () => {
    const isValid = (review: unknown) => CreateReviewSchema.safeParse(review).success;
    expect(isValid({ decision: 'corrected', text: 'A boat.' })).toBe(true);
    expect(isValid({ decision: 'corrected', text: ' ' })).toBe(false);
    expect(isValid({ decision: 'accepted', text: 'A boat.' })).toBe(false);
    expect(isValid({ decision: 'accepted' })).toBe(true);
  });

  it('spells letters with accents in one way', () => {
    const apart = 'Ёж и жёлтый змей.'.normalize('NFD');
    expect(apart).not.toBe('Ёж и жёлтый змей.');
    expect(CreateReviewSchema.parse({ decision: 'corrected', text: apart })).toMatchObject({
      text: 'Ёж и жёлтый змей.',
    });
  });
});
