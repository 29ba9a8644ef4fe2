import type { TrainingRunDetail } from '@housestyle/contracts';
import { IconArrowLeft } from '@tabler/icons-react';
import { Link } from '../navigation/link';
import { LEARNING_PATH } from '../navigation/route';
import { TimeAgo } from '../suggestions/time-ago';
import { FiguresTable } from './figures-table';
import { HoldOutExamples } from './hold-out-examples';
import { isActive } from './learning-cache';
import { LossCurve } from './loss-curve';
import panel from './panel.module.css';
import classes from './run-detail.module.css';
import { RunFacts } from './run-facts';
import { RunProgress } from './run-progress';
import { RunState } from './run-state';
import { judgedBy, reasonsOf, runName, TRIGGER_WORDS } from './run-words';
import { useLearningActions } from './use-learning';

interface RunDetailProps {
  readonly run: TrainingRunDetail;
  readonly baseModel: string;
  readonly canGovern: boolean;
}

/** One run, whole: the verdict and why, the figures before and after, and the captions themselves. */
export function RunDetail({ run, baseModel, canGovern }: RunDetailProps) {
  const { cancel } = useLearningActions();
  const before = run.championBefore?.name ?? baseModel;
  const after = run.mapper?.name ?? 'New version';
  const judges = judgedBy(run);
  return (
    <>
      <header className={classes.head}>
        <Link href={LEARNING_PATH} className={classes.back}>
          <IconArrowLeft size={16} aria-hidden /> Learning
        </Link>
        <h1>{runName(run)}</h1>
        <RunState status={run.status} />
        <span className={classes.when}>
          <TimeAgo at={run.finishedAt ?? run.startedAt ?? run.requestedAt} />, {TRIGGER_WORDS[run.trigger]}
        </span>
      </header>
      {reasonsOf(run).length > 0 && <p className={classes.verdict}>{reasonsOf(run).join(' ')}</p>}
      <div className={classes.panels}>
        {isActive(run) && (
          <section className={`${panel.panel} ${classes.wide}`} aria-label="Progress">
            <RunProgress
              run={run}
              curve={run.curve}
              canGovern={canGovern}
              isCancelling={cancel.isPending}
              onCancel={() => cancel.mutate(run.id)}
            />
          </section>
        )}
        {run.figures && (
          <section className={`${panel.panel} ${classes.wide}`} aria-labelledby="figures-title">
            <header className={panel.header}>
              <h2 id="figures-title">Before and after</h2>
              {judges && <span className={panel.aside}>judged by {judges}</span>}
            </header>
            <FiguresTable figures={run.figures} before={before} after={after} />
          </section>
        )}
        {run.examples.length > 0 && (
          <section className={`${panel.panel} ${classes.wide}`} aria-labelledby="examples-title">
            <HoldOutExamples examples={run.examples} before={before} after={after} />
          </section>
        )}
        {!isActive(run) && (
          <section className={panel.panel} aria-labelledby="loss-title">
            <header className={panel.header}>
              <h2 id="loss-title">Loss</h2>
              <span className={panel.aside}>how surprised it still was by the editors’ words</span>
            </header>
            {run.curve.length > 0 ? (
              <LossCurve curve={run.curve} />
            ) : (
              <p className={panel.note}>It ended before its first step.</p>
            )}
          </section>
        )}
        <section className={panel.panel} aria-labelledby="facts-title">
          <header className={panel.header}>
            <h2 id="facts-title">In detail</h2>
          </header>
          <RunFacts run={run} before={before} />
        </section>
      </div>
    </>
  );
}
