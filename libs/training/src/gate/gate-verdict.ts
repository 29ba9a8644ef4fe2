import { LEAST_PICTURES, type PromotionReason, type RefusalReason } from '@housestyle/domain';
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
  /** pictures whose captions are judged by each other. */
  leastCrossValidated: LEAST_PICTURES,
};

/** Every reason against a candidate, the gravest first; none: it is promoted. */
export function refusals({ figures, references, pictures, attributionP }: GateEvidence): RefusalReason[] {
  const { champion, candidate, isCrossValidated } = figures;
  const written = writtenBy(figures);
  const isLike = ({ meanLength }: WrittenFigures): boolean =>
    meanLength >= GATE.lengthBounds[0] * references.meanLength &&
    meanLength <= GATE.lengthBounds[1] * references.meanLength;
  const minDistinct = GATE.minDistinctShareOfReferences * references.distinctRatio;
  const found: [RefusalReason, boolean][] = [
    ['broken_candidate', !written.every(isFinite)],
    ['too_few_captions', isCrossValidated && pictures < GATE.leastCrossValidated],
    ['does_not_stop', written.some(({ stoppedShare }) => stoppedShare < GATE.minStoppedShare)],
    ['length_out_of_bounds', !written.every(isLike)],
    ['captions_collapsed', written.some(({ distinctRatio }) => distinctRatio < minDistinct)],
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

const isCloser = (figures: AdaptationFigures): boolean =>
  isWithin(figures, 1 - GATE.minRelativeGain) && figures.bootstrapP <= GATE.maxBootstrapP;

/** A champion that writes as the tenant does leaves little to come closer by, and may still learn to read better. */
const saysMore = (figures: AdaptationFigures): boolean =>
  isWithin(figures, 1) &&
  figures.candidate.contentShare >= figures.champion.contentShare * (1 + GATE.minRelativeContentGain) &&
  (figures.contentP ?? 1) <= GATE.maxBootstrapP;

const isWithin = (figures: AdaptationFigures, share: number): boolean =>
  writtenBy(figures).every(({ editDistance }) => editDistance <= figures.champion.editDistance * share);

type WrittenFigures = Omit<CaptionFigures, 'contentShare'>;

/** By the candidate; cross-validated, by its folds and by itself: folds write as the recipe makes them, whatever became of it. */
const writtenBy = ({ candidate, candidateOnLearned }: AdaptationFigures): WrittenFigures[] => [
  candidate,
  ...(candidateOnLearned ? [candidateOnLearned] : []),
];

const isFinite = (figures: WrittenFigures): boolean => Object.values(figures).every(Number.isFinite);
