import { verdictSentences } from '@housestyle/domain';
import type { AdaptationOutcome } from '@housestyle/training';
import { exampleLines, figureTable, howJudged } from './figure-table.js';
import { grouped, seconds } from '../wording.js';

export interface AdaptationResult {
  /** where the mapper was written; undefined: it was not. */
  readonly out: string | undefined;
  readonly counts: { readonly training: number; readonly holdOut: number };
}

const EXAMPLES_SHOWN = 3;

/** One JSON object, or for people: figures, examples, the verdict. */
export function adaptationReport(outcome: AdaptationOutcome, { out, counts }: AdaptationResult, json: boolean): string {
  const { decision, reason, figures, examples, trainableParameters } = outcome;
  const sentences = verdictSentences(reason);
  if (json) {
    return JSON.stringify({
      decision,
      reason,
      sentences,
      out: out ?? null,
      ...counts,
      figures,
      examples: examples.map(({ id: file, reference, before, after }) => ({ file, reference, before, after })),
      trainableParameters,
      seconds: outcome.seconds,
    });
  }
  const changed = examples.filter(({ before, after }) => before !== after).slice(0, EXAMPLES_SHOWN);
  const isForced = decision === 'refuse' && out !== undefined;
  const wordOf = decision === 'promote' ? 'promoted' : isForced ? 'refused, and written all the same' : 'refused';
  return [
    howJudged(figures.isCrossValidated, counts),
    '',
    figureTable(figures),
    ...changed.flatMap(({ id, ...texts }) => ['', id, ...exampleLines(texts)]),
    '',
    `${wordOf}  ${sentences.join(' ')}`,
    ...(out === undefined
      ? ['nothing written; --force writes it all the same']
      : [`${out}  (use it with --mapper ${out})`]),
    `${grouped(trainableParameters)} parameters trained in ${seconds(outcome.seconds)}`,
  ].join('\n');
}
