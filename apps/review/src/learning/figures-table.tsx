import type { GateFigures } from '@housestyle/contracts';
import { changeOf, figureOf, FIGURES, probability, type Change } from './figures';
import classes from './figures-table.module.css';

interface FiguresTableProps {
  readonly figures: GateFigures;
  readonly before: string;
  readonly after: string;
}

const CHANGE_WORDS: Record<Change, string> = { better: 'better', worse: 'worse', borne: 'within bounds', same: '' };

/** The gate's figures side by side: a word for the editor, the measure's own name for the engineer. */
export function FiguresTable({ figures, before, after }: FiguresTableProps) {
  const { champion, candidate, bootstrapP, contentP } = figures;
  return (
    <>
      <table className={classes.table}>
        <thead>
          <tr>
            <th scope="col">
              <span className="visually-hidden">Figure</span>
            </th>
            <th scope="col">{before}</th>
            <th scope="col">{after}</th>
            <th scope="col">
              <span className="visually-hidden">Change</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {FIGURES.map((kind) => {
            const [from, to] = [figureOf(champion, kind), figureOf(candidate, kind)];
            const change = changeOf(kind, from, to);
            return (
              <tr key={kind.name}>
                <th scope="row">
                  {kind.words}
                  <span className={classes.explanation}>{kind.explanation}</span>
                </th>
                <td>{from === null ? '–' : kind.show(from)}</td>
                <td>{to === null ? '–' : kind.show(to)}</td>
                <td data-change={change}>{CHANGE_WORDS[change]}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
      <Chance that="it comes no closer to the editors than before" p={bootstrapP} />
      <Chance that="it says no more of the pictures than before" p={contentP} />
    </>
  );
}

function Chance({ that, p }: { readonly that: string; readonly p: number | null | undefined }) {
  if (typeof p !== 'number') return null;
  return (
    <p className={classes.chance}>
      The chance that {that}: <strong>{probability(p)}</strong> <span>(paired bootstrap, p = {p.toPrecision(2)})</span>
    </p>
  );
}
