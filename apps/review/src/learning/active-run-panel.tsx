import type { Learning, TrainingRun } from '@housestyle/contracts';
import { Link } from '../navigation/link';
import { runPath } from '../navigation/route';
import { useNowMs } from '../suggestions/time-ago';
import { counted } from './figures';
import { nextSteps } from './next-steps';
import panel from './panel.module.css';
import classes from './readiness-panel.module.css';
import { RunProgress } from './run-progress';
import { TRIGGER_WORDS } from './run-words';
import { useLearningActions, useRun } from './use-learning';

interface ActiveRunPanelProps {
  readonly run: TrainingRun;
  readonly learning: Learning;
  readonly canGovern: boolean;
}

/** Learning goes on: the run, and what there is for the next. */
export function ActiveRunPanel({ run, learning, canGovern }: ActiveRunPanelProps) {
  const { readiness, schedule } = learning;
  const { cancel } = useLearningActions();
  const detail = useRun(run.id);
  const { training, corrected } = run.counts;
  const [, ...whenNext] = nextSteps(readiness, schedule, useNowMs(), true);
  return (
    <section className={`${panel.panel} ${classes.first}`} aria-labelledby="active-title">
      <header className={panel.header}>
        <h2 id="active-title" className={classes.title}>
          {run.status === 'requested' ? 'A new version is about to be made' : 'A new version is being made'}
        </h2>
        <span className={panel.aside}>
          {training > 0 && `from ${counted(training, 'caption')}, ${corrected} of them corrected, `}
          {TRIGGER_WORDS[run.trigger]}, <Link href={runPath(run.id)}>details</Link>
        </span>
      </header>
      <RunProgress
        run={run}
        curve={detail.data?.curve ?? []}
        canGovern={canGovern}
        isCancelling={cancel.isPending}
        onCancel={() => cancel.mutate(run.id)}
      >
        <p className={classes.last}>
          {counted(readiness.pictures, 'picture')} reviewed, {counted(readiness.reviewsSinceLastRun, 'review')} since
          this run began. {whenNext.join(' ')}
        </p>
      </RunProgress>
    </section>
  );
}
