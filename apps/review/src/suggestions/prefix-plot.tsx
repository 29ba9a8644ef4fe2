import type { Interpretation, PrefixPosition } from '@housestyle/contracts';
import { useQuery } from '@tanstack/react-query';
import { useId, useState } from 'react';
import { ApiProblem } from '../api/client';
import { wordsForError } from '../api/problem-words';
import { interpretSuggestion } from '../api/routes';
import { Button } from '../look/button';
import { readableWord, scaleEnd } from './prefix-words';
import classes from './prefix-plot.module.css';

/** What the mapper told the decoder about a picture, in words; asked for when somebody wants to see it. */
export function PrefixPlot({ suggestionId }: { suggestionId: string }) {
  const [isOpen, setIsOpen] = useState(false);
  const plotId = useId();
  return (
    <section aria-label="Prefix">
      <div className={classes.head}>
        <h3 className={classes.title}>Prefix</h3>
        <Button look="ghost" aria-expanded={isOpen} aria-controls={plotId} onClick={() => setIsOpen(!isOpen)}>
          {isOpen ? 'Hide' : 'Show'} what the decoder was told
        </Button>
      </div>
      <div id={plotId}>{isOpen && <LoadedPlot suggestionId={suggestionId} />}</div>
    </section>
  );
}

function LoadedPlot({ suggestionId }: { suggestionId: string }) {
  const query = useQuery({
    queryKey: ['interpretation', suggestionId],
    queryFn: () => interpretSuggestion(suggestionId),
    staleTime: Infinity,
    retry: false,
  });
  if (query.isPending) return <p className={classes.note}>Reading the prefix…</p>;
  if (query.isError) {
    return (
      <div role="alert">
        <p className={classes.note}>{complaintOf(query.error)}</p>
        <Button onClick={() => void query.refetch()}>Try again</Button>
      </div>
    );
  }
  return <Plot {...query.data} />;
}

/** A row a position: how near its nearest words lie, on one scale, and which they are. */
function Plot({ positions, mapper }: Interpretation) {
  const end = scaleEnd(positions);
  return (
    <table className={classes.plot}>
      <caption className={classes.note}>
        The vocabulary words nearest to each of the {positions.length} vectors that {mapper.name} made of this picture.
        Dots are their cosines, the filled one the first word’s.
      </caption>
      <thead>
        <tr>
          <th scope="col">
            <span className="visually-hidden">Position</span>
          </th>
          <th scope="col">
            <span className={classes.scale}>
              <span>0</span>
              <span className="visually-hidden">Cosine</span>
              <span>{end.toFixed(1)}</span>
            </span>
          </th>
          <th scope="col" className={classes.wordsHead}>
            Nearest words
          </th>
        </tr>
      </thead>
      <tbody>
        {positions.map((position, index) => (
          <PositionRow key={index} number={index + 1} position={position} end={end} />
        ))}
      </tbody>
    </table>
  );
}

function PositionRow({ number, position, end }: { number: number; position: PrefixPosition; end: number }) {
  const { words } = position;
  return (
    <tr>
      <th scope="row">{number}</th>
      <td className={classes.strip}>
        <svg className={classes.track} width="100%" height="16" aria-hidden>
          <line x1="0" x2="100%" y1="8" y2="8" />
          {words.toReversed().map(({ cosine }, index) => (
            <circle
              key={index}
              data-nearest={index === words.length - 1 || undefined}
              cx={`${(Math.max(0, cosine) / end) * 100}%`}
              cy="8"
              r="3.5"
            />
          ))}
        </svg>
      </td>
      <td className={classes.words}>
        {words.map(({ text, cosine }, index) => (
          <span key={index} className={classes.word} title={`cosine ${cosine.toFixed(3)}`}>
            <bdi>{readableWord(text)}</bdi>
            <span className="visually-hidden">{` ${cosine.toFixed(2)}, `}</span>
          </span>
        ))}
      </td>
    </tr>
  );
}

const complaintOf = (error: unknown): string =>
  error instanceof ApiProblem && error.code === 'conflict'
    ? 'The base model has changed since this was written: its prefix cannot be read any more.'
    : wordsForError(error);
