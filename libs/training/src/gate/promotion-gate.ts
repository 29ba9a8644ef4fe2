import type { RefusalReason } from '@housestyle/domain';
import { normalisedEditDistance } from '@housestyle/evaluation';
import type { AdaptationExample, AdaptationFigures } from '../adaptation.js';
import { captionFigures, fixedFrequencies, type GeneratedCaption } from './caption-figures.js';
import type { ReplayedPicture } from './caption-writer.js';
import { refusals } from './gate-verdict.js';
import { attributionP, bootstrapP } from './resampling.js';

export interface Judged {
  readonly figures: AdaptationFigures;
  /** none: the candidate is better, and honest. */
  readonly refusals: readonly RefusalReason[];
}

/** What champion and candidate wrote, picture by picture. */
export interface Contest {
  readonly examples: readonly AdaptationExample[];
  readonly champion: readonly GeneratedCaption[];
  readonly candidate: readonly GeneratedCaption[];
  /** cross-validated: what the candidate itself wrote, where `candidate` is of its folds. */
  readonly own?: readonly GeneratedCaption[];
}

/** What both sides say of the pictures that content is judged on, 0–1. */
export interface ContentContest {
  readonly champion: number;
  readonly candidate: number;
  /** how likely the candidate says no more; absent beside the base itself, whose captions are in words of its own. */
  readonly p?: number;
}

/** Judges a candidate against the champion: the rules are `refusals`, this takes the evidence. */
export class PromotionGate {
  /** @param slice the base's, by which phrases are rare */
  constructor(private readonly slice: readonly ReplayedPicture[]) {}

  judge(contest: Contest, content: ContentContest, tokensOf: (text: string) => number, seed: number): Judged {
    const { examples, champion, candidate, own } = contest;
    const references = examples.map(({ text }) => text);
    const frequencies = fixedFrequencies([...this.slice.map(({ caption }) => caption), ...references]);
    const distance = (caption: GeneratedCaption, n: number) => normalisedEditDistance(caption.text, references[n]!);
    const gains = examples.map((_, n) => distance(champion[n]!, n) - distance(candidate[n]!, n));
    const groups = examples.map(({ imageKey }) => imageKey);
    const oneOfEach = [...new Map(groups.map((picture, n) => [picture, n])).values()];
    const figures: AdaptationFigures = {
      nHoldOut: examples.length,
      isCrossValidated: own !== undefined,
      champion: { ...captionFigures(champion, references, frequencies), contentShare: content.champion },
      candidate: { ...captionFigures(candidate, references, frequencies), contentShare: content.candidate },
      ...(own && { candidateOnLearned: captionFigures(own, references, frequencies) }),
      bootstrapP: bootstrapP(gains, groups, seed),
      ...(content.p !== undefined && { contentP: content.p }),
    };
    const evidence = {
      figures,
      references: {
        distinctRatio: new Set(references).size / references.length,
        meanLength: references.reduce((sum, text) => sum + tokensOf(text) + 1, 0) / references.length,
      },
      pictures: oneOfEach.length,
      attributionP: attributionP(oneOfEach, (caption, reference) => distance(candidate[caption]!, reference), seed),
    };
    return { figures, refusals: refusals(evidence) };
  }
}
