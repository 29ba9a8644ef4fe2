import type { TrainingRun } from '@housestyle/contracts';
import { Link } from '../navigation/link';
import { runPath } from '../navigation/route';
import { counted } from './figures';
import panel from './panel.module.css';
import classes from './readiness-panel.module.css';
import { RunProgress } from './run-progress';
import { TRIGGER_WORDS } from './run-words';
import { useLearningActions, useRun } from './use-learning';

/** Learning goes on: the place of the readiness is taken by the run. */
export function ActiveRunPanel({ run, canGovern }: { run: TrainingRun; canGovern: boolean }) {
  const { cancel } = useLearningActions();
  const detail = useRun(run.id);
  const { training, corrected } = run.counts;
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
      />
    </section>
  );
}
