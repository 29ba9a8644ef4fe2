import type { Session } from '@housestyle/contracts';
import { Skeleton } from '@mantine/core';
import { IconPlugConnectedX } from '@tabler/icons-react';
import { useEffect, useRef } from 'react';
import { ApiProblem } from '../api/client';
import { wordsForError } from '../api/problem-words';
import type { LiveEvents } from '../live/live-events';
import { Button } from '../look/button';
import { Link } from '../navigation/link';
import { LEARNING_PATH, type Route } from '../navigation/route';
import { FeedMessage } from '../suggestions/feed-states';
import { ActiveRunPanel } from './active-run-panel';
import { LearningCurvePanel } from './learning-curve';
import classes from './learning-place.module.css';
import { ReadinessPanel } from './readiness-panel';
import { RunDetail } from './run-detail';
import { RunList } from './run-list';
import { STATUS_WORDS } from './run-words';
import { useLearningActions, useLiveLearning, useMappers, useOverview, useRun } from './use-learning';
import { Versions } from './versions';

interface LearningPlaceProps {
  readonly route: Exclude<Route, { place: 'desk' }>;
  readonly session: Session;
  readonly events: LiveEvents;
}

/** Where a tenant sees what its corrections have taught. Everybody may look; an admin may act. */
export function LearningPlace({ route, session, events }: LearningPlaceProps) {
  useLiveLearning(events);
  const main = useRef<HTMLElement>(null);
  const shown = useRef(route);
  useEffect(() => {
    document.title = route.place === 'run' ? 'Run · Housestyle' : 'Learning · Housestyle';
    // the link that led here may be gone: whoever goes by keyboard or ear begins at the top of the new place
    if (shown.current !== route) main.current?.focus({ preventScroll: true });
    shown.current = route;
  }, [route]);
  const canGovern = session.scopes.includes('admin');
  return (
    <main ref={main} className={classes.main} tabIndex={-1}>
      {route.place === 'run' ? (
        <RunPlace key={route.runId} id={route.runId} baseModel={session.baseModel} canGovern={canGovern} />
      ) : (
        <Overview baseModel={session.baseModel} canGovern={canGovern} />
      )}
    </main>
  );
}

function Overview({ baseModel, canGovern }: { baseModel: string; canGovern: boolean }) {
  const overview = useOverview();
  const mappers = useMappers();
  const { request } = useLearningActions();
  if (overview.isPending || mappers.isPending) return <Loading />;
  if (!overview.data || !mappers.data)
    return (
      <Failed
        error={overview.error ?? mappers.error}
        onRetry={() => void Promise.all([overview.refetch(), mappers.refetch()])}
      />
    );
  const learning = overview.data;
  return (
    <>
      <header className={classes.head}>
        <h1>Learning</h1>
        <p>Every caption you accept or correct teaches the captioner how your house writes.</p>
      </header>
      <p className="visually-hidden" role="status">
        {learning.activeRun
          ? 'A new version is being made'
          : learning.lastRun && `Last run: ${STATUS_WORDS[learning.lastRun.status]}`}
      </p>
      {!canGovern && (
        <p className={classes.note} role="note">
          Your key lets you look. Starting runs and choosing versions takes a key with the scope admin.
        </p>
      )}
      <div className={classes.panels}>
        {learning.activeRun ? (
          <ActiveRunPanel run={learning.activeRun} learning={learning} canGovern={canGovern} />
        ) : (
          <ReadinessPanel
            learning={learning}
            mappers={mappers.data}
            baseModel={baseModel}
            canGovern={canGovern}
            isAsking={request.isPending}
            onLearn={() => request.mutate()}
          />
        )}
        <LearningCurvePanel curve={learning.curve} />
        <Versions mappers={mappers.data} curve={learning.curve} baseModel={baseModel} canGovern={canGovern} />
        <RunList />
      </div>
    </>
  );
}

function RunPlace({ id, baseModel, canGovern }: { id: string; baseModel: string; canGovern: boolean }) {
  const run = useRun(id);
  if (run.data) return <RunDetail run={run.data} baseModel={baseModel} canGovern={canGovern} />;
  return run.isPending ? <Loading /> : <Failed error={run.error} onRetry={() => void run.refetch()} />;
}

function Loading() {
  return (
    <div className={classes.panels} role="status" aria-label="Loading">
      <Skeleton height={40} width={190} radius={8} />
      <Skeleton height={290} radius={12} />
      <Skeleton height={300} radius={12} />
    </div>
  );
}

function Failed({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  const isGone = error instanceof ApiProblem && error.code === 'not_found';
  return (
    <FeedMessage
      icon={<IconPlugConnectedX size={34} stroke={1.4} />}
      title={isGone ? 'There is no such run' : 'This did not load'}
      role="alert"
    >
      {isGone ? 'It may belong to somebody else, or the address is not quite right.' : wordsForError(error)}
      <br />
      {isGone ? <Link href={LEARNING_PATH}>All runs</Link> : <Button onClick={onRetry}>Try again</Button>}
    </FeedMessage>
  );
}
