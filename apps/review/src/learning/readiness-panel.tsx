import type { Learning, MapperList } from '@housestyle/contracts';
import { IconSchool } from '@tabler/icons-react';
import { useState, type ReactNode } from 'react';
import { TimeAgo, useNowMs } from '../suggestions/time-ago';
import { Button } from '../look/button';
import { Link } from '../navigation/link';
import { runPath } from '../navigation/route';
import { counted } from './figures';
import { nextSteps } from './next-steps';
import panel from './panel.module.css';
import classes from './readiness-panel.module.css';
import { readinessHeadline, STATUS_WORDS } from './run-words';
import { ScheduleDialog } from './schedule-dialog';
import { WritingNow } from './writing-now';

interface ReadinessPanelProps {
  readonly learning: Learning;
  readonly mappers: MapperList;
  readonly baseModel: string;
  readonly canGovern: boolean;
  readonly isAsking: boolean;
  readonly onLearn: () => void;
}

/** Nothing is being learned just now: what there is to learn from, and what happens next. */
export function ReadinessPanel({ learning, mappers, baseModel, canGovern, isAsking, onLearn }: ReadinessPanelProps) {
  const { readiness, schedule, lastRun } = learning;
  const { state, pictures, accepted, corrected, heldOut, newReviews } = readiness;
  const [isEditing, setIsEditing] = useState(false);
  const nowMs = useNowMs();
  const isReady = state === 'ready';
  return (
    <section className={`${panel.panel} ${classes.first}`} aria-labelledby="readiness-title" data-readiness={state}>
      <div className={classes.split}>
        <div>
          <h2 id="readiness-title" className={classes.title}>
            {readinessHeadline(readiness)}
          </h2>
          {!isReady && (
            <div className={classes.meter}>
              <progress
                max={schedule.minimumSamples}
                value={Math.min(pictures, schedule.minimumSamples)}
                aria-label="Reviewed pictures"
              />
              <span>
                {pictures} of {schedule.minimumSamples}
              </span>
            </div>
          )}
          <ul className={classes.steps} aria-label="What happens next">
            {nextSteps(readiness, schedule, nowMs).map((words) => (
              <li key={words}>{words}</li>
            ))}
          </ul>
          <div className={panel.actions}>
            <Button
              look="pencil"
              disabled={!isReady || !canGovern || isAsking}
              title={canGovern ? undefined : 'Your key does not allow this: it lacks the scope admin'}
              onClick={onLearn}
            >
              <IconSchool size={18} stroke={1.7} aria-hidden /> Learn now
            </Button>
            <Button
              disabled={!canGovern}
              title={canGovern ? undefined : 'Your key does not allow this: it lacks the scope admin'}
              onClick={() => setIsEditing(true)}
            >
              Change when it learns
            </Button>
          </div>
          <dl className={classes.facts}>
            <Fact name="Accepted">{accepted}</Fact>
            <Fact name="Corrected">{corrected}</Fact>
            <Fact name="Not learned from yet" title="Accepted or corrected since the last run that was not cut short">
              {newReviews}
            </Fact>
            <Fact name="Held apart to judge by" title="Pictures that no version ever learns from">
              {heldOut}
            </Fact>
          </dl>
          {lastRun?.finishedAt && (
            <p className={classes.last}>
              Last run{' '}
              <Link href={runPath(lastRun.id)}>
                {STATUS_WORDS[lastRun.status].toLowerCase()} <TimeAgo at={lastRun.finishedAt} />
              </Link>
              , from {counted(lastRun.counts.training, 'caption')}
            </p>
          )}
        </div>
        <WritingNow mappers={mappers} curve={learning.curve} baseModel={baseModel} />
      </div>
      <ScheduleDialog
        key={String(isEditing)}
        isOpen={isEditing}
        schedule={schedule}
        onClose={() => setIsEditing(false)}
      />
    </section>
  );
}

function Fact({ name, title, children }: { name: string; title?: string; children: ReactNode }) {
  return (
    <div title={title}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
