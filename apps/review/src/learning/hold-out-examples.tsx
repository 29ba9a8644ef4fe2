import type { TrainingRunDetail } from '@housestyle/contracts';
import { useState } from 'react';
import { Button } from '../look/button';
import { Picture } from '../suggestions/picture';
import { count, counted } from './figures';
import classes from './hold-out-examples.module.css';
import panel from './panel.module.css';
import { diffWords } from './word-diff';

type Example = TrainingRunDetail['examples'][number];

interface HoldOutExamplesProps {
  readonly examples: readonly Example[];
  readonly before: string;
  readonly after: string;
}

const PAGE = 8;

/** What both versions write under pictures that were not learned from, against what the editor wrote. */
export function HoldOutExamples({ examples, before, after }: HoldOutExamplesProps) {
  const [shown, setShown] = useState(PAGE);
  const changed = examples.filter((example) => example.before !== example.after);
  const same = examples.filter((example) => example.before === example.after);
  return (
    <>
      <header className={panel.header}>
        <h2 id="examples-title">Captions it had not seen</h2>
        <span className={panel.aside}>
          {counted(changed.length, 'caption')} changed of {count(examples.length)}; marked: what the editor would still{' '}
          <del className={classes.removed}>strike out</del> or <ins className={classes.added}>add</ins>
        </span>
      </header>
      <ul className={classes.list} aria-label="Examples">
        {[...changed, ...same].slice(0, shown).map((example) => (
          <li key={example.suggestionId} className={classes.example}>
            <div className={classes.picture}>
              <Picture src={example.previewUrl} />
            </div>
            <dl className={classes.texts}>
              <dt>Editor</dt>
              <dd dir="auto">{example.reference}</dd>
              <dt>{before}</dt>
              <dd dir="auto">
                <Against caption={example.before} reference={example.reference} />
              </dd>
              <dt>{after}</dt>
              <dd dir="auto">
                <Against caption={example.after} reference={example.reference} />
              </dd>
            </dl>
          </li>
        ))}
      </ul>
      {shown < examples.length && (
        <Button look="ghost" onClick={() => setShown(shown + 3 * PAGE)}>
          Show more
        </Button>
      )}
    </>
  );
}

/** A caption with what the editor would still change in it. */
function Against({ caption, reference }: { caption: string; reference: string }) {
  if (caption === reference) return <span className={classes.equal}>{caption}</span>;
  return diffWords(caption, reference).map(({ kind, text }, n) => {
    if (kind === 'same') return text;
    return kind === 'removed' ? (
      <del key={n} className={classes.removed}>
        {text}
      </del>
    ) : (
      <ins key={n} className={classes.added}>
        {text}
      </ins>
    );
  });
}
