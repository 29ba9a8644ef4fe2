import type { TrainingRunDetail } from '@housestyle/contracts';
import type { ReactNode } from 'react';
import facts from '../suggestions/suggestion-facts.module.css';
import { count, duration } from './figures';

const moment = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'medium' });

/** Whatever else an engineer may ask of a run. */
export function RunFacts({ run, before }: { run: TrainingRunDetail; before: string }) {
  const { counts } = run;
  return (
    <dl className={facts.facts}>
      <Fact name="Learned from">
        {count(counts.training)} captions, {count(counts.corrected)} of them corrected
      </Fact>
      <Fact name="Held apart">{count(counts.holdOut)} captions</Fact>
      <Fact name="Against">{before}</Fact>
      {run.trainableParameters !== null && <Fact name="Parameters">{count(run.trainableParameters)} trained</Fact>}
      {run.seconds !== null && <Fact name="Took">{duration(run.seconds)}</Fact>}
      {run.requestedBy !== null && <Fact name="Asked for">with the key {run.requestedBy}</Fact>}
      <Fact name="Requested">{moment.format(new Date(run.requestedAt))}</Fact>
      {run.startedAt !== null && <Fact name="Started">{moment.format(new Date(run.startedAt))}</Fact>}
      {run.finishedAt !== null && <Fact name="Ended">{moment.format(new Date(run.finishedAt))}</Fact>}
      {run.reason !== null && (
        <Fact name="Reason">
          <code>{run.reason}</code>
        </Fact>
      )}
      <Fact name="Run">
        <code>{run.id}</code>
      </Fact>
    </dl>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className={facts.fact}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
