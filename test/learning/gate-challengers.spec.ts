import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BAD_CHALLENGERS, judge, openWorkshop, type Workshop } from './challengers.mjs';

/** Those that no training run makes, and one that a short one does; test/bench/challengers.mjs meets them all. */
const SOON_LEARNED = ['all labels shuffled'];
const QUICK = BAD_CHALLENGERS.filter(({ name, isLearned }) => !isLearned || SOON_LEARNED.includes(name));

let workshop: Workshop;

beforeAll(async () => {
  workshop = await openWorkshop({ style: 'museum', seed: 7300 });
});
afterAll(() => workshop.close());

describe('a bad challenger', () => {
  it.each(QUICK)('is refused: $name ($how)', async (challenger) => {
    const { isPromoted, reasons } = await judge(challenger, workshop);
    expect(isPromoted).toBe(false);
    expect(challenger.doors).toEqual(expect.arrayContaining([expect.toBeOneOf([...reasons])]));
  });

  it('is one of twenty and more', () => {
    expect(BAD_CHALLENGERS.length).toBeGreaterThanOrEqual(20);
  });
});
