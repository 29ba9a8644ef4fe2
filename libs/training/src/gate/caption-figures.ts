import {
  ciderD,
  distinctRatio,
  DocumentFrequencies,
  normalisedEditDistance,
  tokeniseCaptions,
} from '@housestyle/evaluation';
import type { CaptionFigures } from '../adaptation.js';

/** A caption as it was generated. */
export interface GeneratedCaption {
  readonly text: string;
  /** tokens. */
  readonly length: number;
  readonly isStopped: boolean;
}

/** Captions measured against the texts that people accepted, one each. */
export function captionFigures(
  captions: readonly GeneratedCaption[],
  references: readonly string[],
  frequencies: DocumentFrequencies,
): Omit<CaptionFigures, 'contentShare'> {
  const texts = captions.map(({ text }) => text);
  const [hypotheses, accepted] = [tokeniseCaptions(texts), tokeniseCaptions(references)];
  const pictures = hypotheses.map((hypothesis, n) => ({ hypothesis, references: [accepted[n]!] }));
  return {
    editDistance: mean(texts.map((text, n) => normalisedEditDistance(text, references[n]!))),
    cider: ciderD(pictures, frequencies).corpus,
    exactMatch: mean(texts.map((text, n) => Number(text === references[n]))),
    distinctRatio: distinctRatio(texts),
    meanLength: mean(captions.map(({ length }) => length)),
    stoppedShare: mean(captions.map(({ isStopped }) => Number(isStopped))),
  };
}

/** CIDEr's document frequencies of a corpus that does not change with the hold-out. */
export const fixedFrequencies = (texts: readonly string[]): DocumentFrequencies =>
  new DocumentFrequencies(tokeniseCaptions(texts).map((text) => [text]));

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
