import type { TrainingRunDetail } from '@housestyle/contracts';
import { DomainError, toDomainError, verdictSentences } from '@housestyle/domain';
import { readClientSettings } from '@housestyle/settings';
import { exampleLines, figureTable, howJudged } from './figure-table.js';
import { ProgressBar } from '../progress-bar.js';
import { EXIT_FAILED, EXIT_OK, type Terminal } from '../terminal.js';
import { TrainingApi } from './training-api.js';
import { grouped, seconds } from '../wording.js';

export interface TrainingRunOptions {
  readonly api: string;
  /** absent: HOUSESTYLE_API_KEY */
  readonly key?: string;
  readonly json: boolean;
}

/** Asks a running installation for a run of the key's tenant and follows it to its verdict. @returns the exit code */
export async function requestTrainingRun(options: TrainingRunOptions, terminal: Terminal): Promise<number> {
  const key = options.key ?? readClientSettings().HOUSESTYLE_API_KEY;
  if (key === undefined) {
    throw new DomainError('unauthenticated', 'no API key; give --key, or set HOUSESTYLE_API_KEY');
  }
  const api = new TrainingApi(options.api, key);
  const { id } = await api.request();
  const run = await followed(api, id, options, terminal);
  terminal.print(options.json ? JSON.stringify(run) : report(run));
  return run.status === 'promoted' ? EXIT_OK : EXIT_FAILED;
}

const ENDED: readonly TrainingRunDetail['status'][] = ['promoted', 'refused', 'failed', 'cancelled'];
const POLL_EVERY_MS = 500;
/** An api that starts again in the meantime is waited for. */
const PATIENCE_MS = 60_000;
/** A run that nobody takes up for so long wants explaining. */
const WAITING_MS = 20_000;
const EXAMPLES_SHOWN = 3;

/** Looks at the run until it has ended; shows each change. */
async function followed(
  api: TrainingApi,
  id: string,
  { json }: TrainingRunOptions,
  terminal: Terminal,
): Promise<TrainingRunDetail> {
  let [shown, lastSeen] = ['', Date.now()];
  let hint: number | undefined = Date.now() + WAITING_MS;
  for (;;) {
    try {
      const run = await api.find(id);
      lastSeen = Date.now();
      if (ENDED.includes(run.status)) {
        new ProgressBar(terminal, 0).clear();
        return run;
      }
      const { status, progress } = run;
      if (status !== 'requested') hint = undefined;
      if (hint !== undefined && Date.now() > hint) {
        terminal.complain('nobody has taken up the run yet: is a trainer running?');
        hint = undefined;
      }
      const line = JSON.stringify({ id, status, progress });
      if (line !== shown) {
        shown = line;
        if (json) terminal.print(line);
        else if (progress) {
          const loss = progress.loss === null ? '' : `  loss ${progress.loss.toFixed(3)}`;
          new ProgressBar(terminal, progress.steps).show(progress.step, progress.steps, progress.stage + loss);
        } else terminal.draw?.(`\r\u001b[K${status}`);
      }
    } catch (error) {
      const { code } = toDomainError(error);
      if (code !== 'source_unavailable' || Date.now() - lastSeen > PATIENCE_MS) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_EVERY_MS));
  }
}

function report(run: TrainingRunDetail): string {
  const { status, counts, figures, examples, trainableParameters, mapper } = run;
  const changed = examples.filter(({ before, after }) => before !== after).slice(0, EXAMPLES_SHOWN);
  const sentences = verdictSentences(run.reason ?? '').join(' ');
  return [
    howJudged(figures?.isCrossValidated ?? false, counts),
    ...(figures ? ['', figureTable(figures)] : []),
    ...changed.flatMap((texts) => ['', ...exampleLines(texts)]),
    '',
    `${status}  ${sentences}`,
    ...(mapper ? [`${mapper.name} writes the captions from now on`] : []),
    ...(trainableParameters === null || run.seconds === null
      ? []
      : [`${grouped(trainableParameters)} parameters trained in ${seconds(run.seconds)}`]),
  ].join('\n');
}
