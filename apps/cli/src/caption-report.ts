import type { CaptionOutput } from '@housestyle/clipcap';
import type { DomainError } from '@housestyle/domain';

/** What became of one picture. */
export type PictureOutcome =
  { readonly image: string; readonly output: CaptionOutput } | { readonly image: string; readonly error: DomainError };

export interface ReportOptions {
  readonly json: boolean;
  readonly embedding: boolean;
}

/** The line of stdout for one picture; undefined when only stderr speaks of it. */
export function reportLine(outcome: PictureOutcome, { json, embedding }: ReportOptions): string | undefined {
  const { image } = outcome;
  if ('error' in outcome) {
    const { code, message } = outcome.error;
    return json ? JSON.stringify({ image, error: { code, message } }) : undefined;
  }
  const { hypotheses } = outcome.output;
  const [best] = hypotheses;
  // a line a picture, also of a model that writes several
  if (!json) return `${image}\t${(best?.text ?? '').replaceAll(/\s*\n\s*/g, ' ')}`;
  return JSON.stringify({
    image,
    caption: best?.text,
    score: best?.score,
    alternatives: hypotheses.map(({ text, score, tokens }) => ({ caption: text, score, tokens })),
    ...(embedding && { embedding: [...outcome.output.embedding] }),
  });
}
