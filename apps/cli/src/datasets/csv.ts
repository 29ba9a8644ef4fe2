export interface CsvRow {
  /** where it begins, counted from 1. */
  readonly line: number;
  readonly cells: readonly string[];
}

/** Comma-separated values (RFC 4180): quoted cells may hold commas, doubled quotes and line breaks. Empty lines are left out. */
export function parseCsv(text: string): CsvRow[] {
  const rows: CsvRow[] = [];
  let cells: string[] = [];
  let [line, begun] = [1, 1];
  for (const [match, quoted, plain, end] of text.matchAll(CELL)) {
    cells.push(quoted === undefined ? plain! : quoted.replaceAll('""', '"'));
    line += match.split('\n').length - 1;
    if (end === ',') continue;
    if (cells.length > 1 || cells[0] !== '') rows.push({ line: begun, cells });
    [cells, begun] = [[], line];
    if (end === '') break;
  }
  return rows;
}

/** A cell and what ends it: a comma, a line's end, or the text's. */
const CELL = /(?:"((?:[^"]|"")*)"|([^,\r\n]*))(,|\r?\n|$)/g;
