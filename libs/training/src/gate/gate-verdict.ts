import type { PromotionReason, RefusalReason } from '@housestyle/domain';
import type { AdaptationFigures, CaptionFigures } from '../adaptation.js';

/** What the references are like, for a candidate to be like. */
export interface ReferenceFigures {
  readonly distinctRatio: number;
  /** tokens */
  readonly meanLength: number;
}

export interface GateEvidence {
  readonly figures: AdaptationFigures;
  readonly references: ReferenceFigures;
  /** that the references are of: one may have several. */
  readonly pictures: number;
  /** of the permutation test of attribution. */
  readonly attributionP: number;
}

export const GATE = {
  /** what a candidate that comes closer must be below the champion's edit distance by, relatively. */
  minRelativeGain: 0.02,
  /** what one that says more must say more, relatively. */
  minRelativeContentGain: 0.005,
  maxBootstrapP: 0.05,
  maxAttributionP: 0.01,
  maxRelativeContentLoss: 0.02,
  minStoppedShare: 0.95,
  maxExactMatchLoss: 0.02,
  minDistinctShareOfReferences: 0.6,
  lengthBounds: [0.6, 1.6] as const,
  /** pictures whose captions are judged by each other: fewer show too little of what a style tells for lost content to be seen. */
  leastCrossValidated: 20,
};

/** Every reason against a candidate, the gravest first; none: it is promoted. */
export function refusals({ figures, references, pictures, attributionP }: GateEvidence): RefusalReason[] {
  const { champion, candidate, isCrossValidated } = figures;
  const length = candidate.meanLength / references.meanLength;
  const found: [RefusalReason, boolean][] = [
    ['broken_candidate', !isFinite(candidate)],
    ['too_few_captions', isCrossValidated && pictures < GATE.leastCrossValidated],
    ['does_not_stop', candidate.stoppedShare < GATE.minStoppedShare],
    ['length_out_of_bounds', !(length >= GATE.lengthBounds[0] && length <= GATE.lengthBounds[1])],
    ['captions_collapsed', candidate.distinctRatio < GATE.minDistinctShareOfReferences * references.distinctRatio],
    ['wrong_pictures', attributionP > GATE.maxAttributionP],
    ['not_better', !isCloser(figures) && !saysMore(figures)],
    ['content_lost', candidate.contentShare < champion.contentShare * (1 - GATE.maxRelativeContentLoss)],
    ['content_unjudged', champion.contentShare === 0 && candidate.contentShare === 0],
    ['cider_fell', candidate.cider < champion.cider],
    ['exact_match_fell', candidate.exactMatch < champion.exactMatch - GATE.maxExactMatchLoss],
  ];
  return found.flatMap(([reason, isSo]) => (isSo ? [reason] : []));
}

/** Why a candidate without refusals is promoted. */
export const promotionReason = (figures: AdaptationFigures): PromotionReason =>
  isCloser(figures) ? 'better' : 'says_more';

const isCloser = ({ champion, candidate, bootstrapP }: AdaptationFigures): boolean =>
  candidate.editDistance <= champion.editDistance * (1 - GATE.minRelativeGain) && bootstrapP <= GATE.maxBootstrapP;

/** A champion that writes as the tenant does leaves little to come closer by, and may still learn to read better. */
const saysMore = ({ champion, candidate, contentP = 1 }: AdaptationFigures): boolean =>
  candidate.editDistance <= champion.editDistance &&
  candidate.contentShare >= champion.contentShare * (1 + GATE.minRelativeContentGain) &&
  contentP <= GATE.maxBootstrapP;

const isFinite = (figures: CaptionFigures): boolean => Object.values(figures).every(Number.isFinite);
