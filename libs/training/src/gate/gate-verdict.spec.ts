import { describe, expect, it } from 'vitest';
import type { CaptionFigures } from '../adaptation.js';
import { promotionReason, refusals, type GateEvidence } from './gate-verdict.js';

const CHAMPION: CaptionFigures = {
  editDistance: 0.4,
  cider: 1,
  exactMatch: 0,
  contentShare: 0.9,
  distinctRatio: 1,
  meanLength: 14,
  stoppedShare: 1,
};
const CANDIDATE: CaptionFigures = { ...CHAMPION, editDistance: 0.15, cider: 6, exactMatch: 0.4 };

const evidence = (
  candidate: Partial<CaptionFigures> = {},
  p: Partial<{ bootstrapP: number; contentP: number; attributionP: number }> = {},
) =>
  ({
    figures: {
      nHoldOut: 20,
      isCrossValidated: false,
      champion: CHAMPION,
      candidate: { ...CANDIDATE, ...candidate },
      bootstrapP: p.bootstrapP ?? 0.001,
      ...(p.contentP !== undefined && { contentP: p.contentP }),
    },
    references: { distinctRatio: 1, meanLength: 15 },
    pictures: 20,
    attributionP: p.attributionP ?? 0.001,
  }) satisfies GateEvidence;

describe('the gate', () => {
  it('has nothing against a candidate that is better and says as much', () => {
    expect(refusals(evidence())).toEqual([]);
    expect(refusals(evidence({ contentShare: 0.885 }))).toEqual([]);
  });

  it.each([
    ['broken_candidate', { cider: NaN }],
    ['broken_candidate', { editDistance: Infinity }],
    ['does_not_stop', { stoppedShare: 0.9 }],
    ['length_out_of_bounds', { meanLength: 40 }],
    ['length_out_of_bounds', { meanLength: 4 }],
    ['captions_collapsed', { distinctRatio: 0.1 }],
    ['not_better', { editDistance: 0.395 }],
    ['content_lost', { contentShare: 0.88 }],
    ['content_lost', { contentShare: 0 }],
    ['cider_fell', { cider: 0.9 }],
  ] as const)('says %s of %o', (reason, figures) => {
    expect(refusals(evidence(figures))).toContain(reason);
  });

  it('asks of a cross-validated candidate itself what it asks of its folds', () => {
    const reasonsOf = (own: Partial<CaptionFigures>) => {
      const { figures, ...rest } = evidence();
      return refusals({
        ...rest,
        figures: { ...figures, isCrossValidated: true, candidateOnLearned: { ...CANDIDATE, ...own } },
      });
    };
    expect(reasonsOf({})).toEqual([]);
    expect(reasonsOf({ cider: NaN })).toEqual(['broken_candidate']);
    expect(reasonsOf({ stoppedShare: 0.9 })).toEqual(['does_not_stop']);
    expect(reasonsOf({ meanLength: 40 })).toEqual(['length_out_of_bounds']);
    expect(reasonsOf({ distinctRatio: 0.1 })).toEqual(['captions_collapsed']);
    expect(reasonsOf({ editDistance: CHAMPION.editDistance })).toEqual(['not_better']);
  });

  it('takes one that says more for better, if it is no farther from the texts', () => {
    const { champion } = evidence().figures;
    const more = (editDistance: number, contentP?: number, contentShare = 0.92) => {
      const candidate = { editDistance, cider: champion.cider, exactMatch: champion.exactMatch, contentShare };
      return evidence(candidate, { bootstrapP: 0.5, ...(contentP !== undefined && { contentP }) });
    };
    expect(refusals(more(0.4, 0.01))).toEqual([]);
    expect(promotionReason(more(0.4, 0.01).figures)).toBe('says_more');
    expect(promotionReason(evidence({}, { contentP: 0.01 }).figures)).toBe('better');
    const none = [more(0.401, 0.01), more(0.4, 0.06), more(0.4), more(0.4, 0.01, 0.903)];
    for (const one of none) expect(refusals(one)).toEqual(['not_better']);
  });

  it('promotes nobody where neither side could say anything that it asked for', () => {
    const { figures, ...rest } = evidence({ contentShare: 0 });
    const champion = { ...figures.champion, contentShare: 0 };
    expect(refusals({ ...rest, figures: { ...figures, champion } })).toEqual(['content_unjudged']);
  });

  it('judges by no fewer than 20 pictures where none were held out from the candidate', () => {
    const { figures, ...rest } = evidence();
    const of = (pictures: number, isCrossValidated: boolean) =>
      refusals({ ...rest, pictures, figures: { ...figures, nHoldOut: 20, isCrossValidated } });
    expect(of(19, true)).toEqual(['too_few_captions']);
    expect(of(20, true)).toEqual([]);
    expect(of(10, false)).toEqual([]);
  });

  it('asks that the gain is no chance and the captions are of their own pictures', () => {
    expect(refusals(evidence({}, { bootstrapP: 0.06 }))).toEqual(['not_better']);
    expect(refusals(evidence({}, { attributionP: 0.02 }))).toEqual(['wrong_pictures']);
  });
});
