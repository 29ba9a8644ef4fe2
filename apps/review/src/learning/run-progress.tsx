import type { TrainingRun } from '@housestyle/contracts';
import { IconX } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useNowMs } from '../suggestions/time-ago';
import { Button } from '../look/button';
import { count } from './figures';
import { LossCurve } from './loss-curve';
import classes from './run-progress.module.css';
import { STAGES, stageOf } from './run-words';
import type { LossCurve as Curve } from './learning-cache';

interface RunProgressProps {
  readonly run: TrainingRun;
  readonly curve: Curve;
  readonly canGovern: boolean;
  readonly isCancelling: boolean;
  readonly onCancel: () => void;
  readonly children?: ReactNode;
}

/** A run at work: where it is, how far, its loss as it falls, and the way out. */
export function RunProgress({ run, curve, canGovern, isCancelling, onCancel, children }: RunProgressProps) {
  const { index, explanation } = stageOf(run, useNowMs());
  const { progress } = run;
  const isStopping = run.isCancelRequested || isCancelling;
  return (
    <div className={classes.progress}>
      <div className={classes.side}>
        <ol className={classes.stages} aria-label="Stages">
          {STAGES.map((stage, n) => (
            <li
              key={stage}
              data-state={n < index ? 'done' : n === index ? 'now' : 'ahead'}
              aria-current={n === index ? 'step' : undefined}
            >
              {stage}
            </li>
          ))}
        </ol>
        <p className={classes.explanation} role="status">
          {isStopping ? 'It is told to stop, and does so within a few seconds.' : explanation}
        </p>
        <progress
          className={classes.bar}
          max={progress?.steps || 1}
          value={progress?.step ?? 0}
          aria-label={`Steps of ${index < 0 ? 'the run' : STAGES[index]}`}
        />
        <p className={classes.numbers}>
          {progress && progress.steps > 0 ? (
            <>
              <code>{progress.stage}</code> step {count(progress.step)} of {count(progress.steps)}
              {progress.loss !== null && `, loss ${progress.loss.toFixed(3)}`}
            </>
          ) : (
            ' '
          )}
        </p>
        {canGovern && (
          <Button look="reject" disabled={isStopping} onClick={onCancel}>
            <IconX size={16} stroke={1.9} aria-hidden /> {isStopping ? 'Stopping…' : 'Cancel'}
          </Button>
        )}
        {children}
      </div>
      <LossCurve curve={curve} steps={progress?.steps} isLive />
    </div>
  );
}
