import type { MapperVersionFiles } from '@housestyle/clipcap';
import type { RefusalReason } from '@housestyle/domain';
import { normalisedEditDistance } from '@housestyle/evaluation';
import type { AdaptationExample, AdaptationFigures } from '../adaptation.js';
import { captionFigures, fixedFrequencies, type GeneratedCaption } from './caption-figures.js';
import { ownCaptions, type CaptionWriter, type ReplayedPicture } from './caption-writer.js';
import { asItself, meanShare, type AskedWords, type ContentJudge, type JudgedCaption } from './content-judge.js';
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

/** Both sides on the base slice. */
export interface ContentContest {
  readonly champion: number;
  readonly candidate: number;
  /** how likely the candidate says no more; absent beside the base itself, which is asked for words of its own. */
  readonly p?: number;
}

/** Judges a candidate against the champion: the rules are `refusals`, this takes the evidence. */
export class PromotionGate {
  constructor(
    private readonly writer: CaptionWriter,
    private readonly contentJudge: ContentJudge,
    /** the base slice. */
    private readonly slice: readonly ReplayedPicture[],
  ) {}

  /** What each side says of the base slice's pictures. */
  async content(
    champion: MapperVersionFiles | undefined,
    candidate: MapperVersionFiles,
    asked: AskedWords,
    seed: number,
  ): Promise<ContentContest> {
    const [ofChampion, ofCandidate] = [await this.onSlice(champion), await this.onSlice(candidate)];
    const askedOfChampion = champion ? asked : { ...asked, named: asItself(asked.named) };
    return {
      champion: meanShare(await this.contentJudge.shares(ofChampion, askedOfChampion)),
      candidate: meanShare(await this.contentJudge.shares(ofCandidate, asked)),
      ...(champion && { p: await this.saysNoMoreP(ofChampion, ofCandidate, asked, seed) }),
    };
  }

  /** By words with a known name: how well one without is told is a figure of all pictures, not of each. */
  private async saysNoMoreP(
    champion: readonly JudgedCaption[],
    candidate: readonly JudgedCaption[],
    { named }: AskedWords,
    seed: number,
  ): Promise<number> {
    const asked = { named, unnamed: new Set<string>() };
    const before = await this.contentJudge.shares(champion, asked);
    const after = await this.contentJudge.shares(candidate, asked);
    const gains = after.map((share, n) => (share ?? 0) - (before[n] ?? 0));
    return bootstrapP(gains, [...gains.keys()].map(String), seed);
  }

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

  /** What `files` (absent: the base's own mapper) writes under the slice. */
  private async onSlice(files: MapperVersionFiles | undefined): Promise<JudgedCaption[]> {
    const captions = files
      ? await this.writer.write(
          files,
          this.slice.map(({ embedding }) => embedding),
        )
      : await ownCaptions(this.writer, this.slice);
    return captions.map(({ text }, n) => ({
      embedding: this.slice[n]!.embedding,
      neutral: this.slice[n]!.caption,
      caption: text,
    }));
  }
}
