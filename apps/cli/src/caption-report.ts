import type { CaptionOutput } from '@housestyle/clipcap';
import type { PictureOutcome } from './over-pictures.js';

export interface ReportOptions {
  readonly json: boolean;
  readonly embedding: boolean;
  /** more than one: a line for each. */
  readonly numReturnSequences?: number;
}

/** The lines of stdout for one picture, one unless more captions are asked for; undefined when only stderr speaks of it. */
export function reportLine(
  outcome: PictureOutcome<CaptionOutput>,
  { json, embedding, numReturnSequences = 1 }: ReportOptions,
): string | undefined {
  const { image } = outcome;
  if ('error' in outcome) {
    const { code, message } = outcome.error;
    return json ? JSON.stringify({ image, error: { code, message } }) : undefined;
  }
  const { hypotheses } = outcome.output;
  const [best] = hypotheses;
  if (!json && numReturnSequences > 1) {
    return hypotheses.map(({ text, score }) => `${image}\t${onOneLine(text)}\t${score.toFixed(4)}`).join('\n');
  }
  if (!json) return `${image}\t${onOneLine(best?.text ?? '')}`;
  return JSON.stringify({
    image,
    caption: best?.text,
    score: best?.score,
    alternatives: hypotheses.map(({ text, score, tokens }) => ({ caption: text, score, tokens })),
    ...(embedding && { embedding: [...outcome.output.embedding] }),
  });
}

/** Also of a model that writes several. */
const onOneLine = (text: string): string => text.replaceAll(/\s*\n\s*/g, ' ');
