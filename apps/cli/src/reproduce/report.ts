import { counted } from '../wording.js';
import type { CellResult } from './cell-results.js';

/** What a grid came to, as far as it is done. */
export interface Report {
  /** NAME.md */
  readonly name: string;
  readonly markdown: string;
  /** SVG by file name. */
  readonly plots: Readonly<Record<string, string>>;
}

export interface ReportContext {
  /** cells of the whole grid. */
  readonly cells: number;
  /** captions learned. */
  readonly captions: number;
  readonly epochs: number;
  readonly model: string;
}

/** | a | b | */
export const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

/** With its head, and numbers to the right. */
export const markdownTable = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [row(head), row(head.map((_, n) => (n === 0 ? '---' : '---:'))), ...rows.map(row)].join('\n');

/** On what, how long and how busily the figures came about. */
export function conditions(results: readonly CellResult[], { cells, captions, epochs, model }: ReportContext): string {
  const tests = results[0]?.tests ?? [];
  const sets = tests.map(
    ({ name, pictures, references }) => `${name}: ${pictures} pictures of up to ${references} references`,
  );
  const loads = results.map(({ training }) => training.load);
  const load =
    loads.length === 0
      ? ''
      : `; load of the machine ${Math.min(...loads).toFixed(1)} to ${Math.max(...loads).toFixed(1)}`;
  const isPartial = results.length < cells ? `${results.length} of ${cells} cells are done. ` : '';
  return `${isPartial}Base model ${model}, ${epochs} ${epochs === 1 ? 'epoch' : 'epochs'} of ${counted(captions, 'caption')} a cell, on ${results[0]?.training.device ?? 'nothing yet'}${load}. ${sets.join('; ')}.`;
}
