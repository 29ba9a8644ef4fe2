import type { TrainingRun } from '@housestyle/contracts';
import { wordsForError } from '../api/problem-words';
import { Button } from '../look/button';
import { Link } from '../navigation/link';
import { runPath } from '../navigation/route';
import { TimeAgo } from '../suggestions/time-ago';
import { duration, percent } from './figures';
import panel from './panel.module.css';
import classes from './run-list.module.css';
import { RunState } from './run-state';
import { reasonsOf, runName, TRIGGER_WORDS } from './run-words';
import { useRuns } from './use-learning';

/** Every attempt at a better version, newest first. */
export function RunList() {
  const query = useRuns();
  const runs = query.data?.pages.flatMap(({ items }) => items) ?? [];
  return (
    <section className={panel.panel} aria-labelledby="runs-title">
      <header className={panel.header}>
        <h2 id="runs-title">Runs</h2>
        <span className={panel.aside}>every attempt at a better version</span>
      </header>
      {query.isPending && <p className={panel.note}>Loading…</p>}
      {query.isError && runs.length === 0 && (
        <div role="alert">
          <p className={panel.note}>{wordsForError(query.error)}</p>
          <div className={panel.actions}>
            <Button onClick={() => void query.refetch()}>Try again</Button>
          </div>
        </div>
      )}
      {query.isSuccess && runs.length === 0 && (
        <p className={panel.note}>None yet. Each run appears here with what came of it and why.</p>
      )}
      {runs.length > 0 && (
        <ul className={classes.list} aria-label="Runs">
          {runs.map((run) => (
            <RunRow key={run.id} run={run} />
          ))}
        </ul>
      )}
      {query.hasNextPage && (
        <Button look="ghost" disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
          Show earlier ones
        </Button>
      )}
    </section>
  );
}

function RunRow({ run }: { run: TrainingRun }) {
  const { champion, candidate } = run.figures ?? {};
  const [before, after] = [champion?.editDistance, candidate?.editDistance];
  return (
    <li className={classes.row}>
      <RunState status={run.status} />
      <div className={classes.words}>
        <Link className={classes.name} href={runPath(run.id)}>
          {runName(run)}
        </Link>
        <span className={classes.reason}>{reasonsOf(run).join(' ')}</span>
      </div>
      <div className={classes.gain}>
        {typeof before === 'number' && typeof after === 'number' && (
          <span title="Mean edit distance to the editor’s text, before and after">
            {percent(before)} → <strong>{percent(after)}</strong> to change
          </span>
        )}
      </div>
      <div className={classes.when}>
        <TimeAgo at={run.finishedAt ?? run.startedAt ?? run.requestedAt} />
        <span>
          {TRIGGER_WORDS[run.trigger]}
          {run.seconds !== null && `, ${duration(run.seconds)}`}
        </span>
      </div>
    </li>
  );
}
