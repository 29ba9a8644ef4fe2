import { EXIT_OK, type Terminal } from '../terminal.js';
import { ProgressBar } from '../progress-bar.js';
import { counted, grouped, seconds } from '../wording.js';
import { Pace } from './pace.js';
import { runTraining, type TrainingJob, type TrainingReport } from './training-job.js';

export interface TrainOptions extends TrainingJob {
  readonly json: boolean;
}

/** Trains on features and tells how it goes. @returns the exit code */
export async function trainMapper({ json, ...job }: TrainOptions, terminal: Terminal): Promise<number> {
  const bar = new ProgressBar(terminal, Number.POSITIVE_INFINITY);
  const pace = new Pace();
  try {
    const report = await runTraining(job, {
      mention: (remark) => terminal.complain(remark),
      progress: ({ step, steps, loss, learningRateFactor }) => {
        if (json) terminal.print(JSON.stringify({ step, steps, loss, learningRateFactor }));
        else bar.show(step, steps, `loss ${loss.toFixed(3)}  ${pace.left(step, steps)}`);
      },
    });
    bar.clear();
    terminal.print(json ? JSON.stringify(report) : summary(report));
    return EXIT_OK;
  } finally {
    bar.clear();
  }
}

const summary = ({
  out,
  use,
  trainableParameters,
  captions,
  steps,
  loss,
  device,
  seconds: took,
}: TrainingReport): string =>
  [
    `${out}  (use it with ${use} ${out})`,
    `parameters  ${grouped(trainableParameters)} trained`,
    `captions    ${grouped(captions)}, ${counted(steps, 'update')}`,
    ...(loss === undefined ? [] : [`loss        ${loss.toFixed(4)} nats a token, over the last epoch`]),
    `time        ${seconds(took)} on ${device}`,
  ].join('\n');
