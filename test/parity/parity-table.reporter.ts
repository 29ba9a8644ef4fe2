import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Reporter, TestSpecification } from 'vitest/node';
import { REPORT_FOLDER, type ParityRow } from './record-parity.js';

/** Before parity specs run: forget the last run. After them: print the table and keep it as `report/parity.txt`. */
export default class ParityTableReporter implements Reporter {
  private hasRun = false;

  onTestRunStart(specifications: readonly TestSpecification[]): void {
    this.hasRun = specifications.some(({ project }) => project.name === 'parity');
    if (this.hasRun) rmSync(REPORT_FOLDER, { recursive: true, force: true });
  }

  onTestRunEnd(): void {
    const rows = this.hasRun ? readRows() : [];
    if (rows.length === 0) return;
    const table = formatTable(rows);
    writeFileSync(path.join(REPORT_FOLDER, 'parity.txt'), table);
    process.stdout.write(`\n${table}`);
  }
}

function readRows(): ParityRow[] {
  if (!existsSync(REPORT_FOLDER)) return [];
  return readdirSync(REPORT_FOLDER)
    .filter((file) => file.endsWith('.jsonl'))
    .sort()
    .flatMap((file) => readFileSync(path.join(REPORT_FOLDER, file), 'utf8').trimEnd().split('\n'))
    .map((line) => JSON.parse(line) as ParityRow);
}

function formatTable(rows: readonly ParityRow[]): string {
  const width = Math.max(...rows.map(({ spec, name }) => spec.length + name.length + 2));
  const line = ({ spec, name, error, bound }: ParityRow) => {
    const mark = error !== null && error <= bound ? '' : '  ABOVE';
    return `${`${spec}: ${name}`.padEnd(width)}  ${figure(error)}  ${figure(bound)}${mark}\n`;
  };
  return `${'tensor'.padEnd(width)}  ${'error'.padStart(9)}  ${'bound'.padStart(9)}\n${rows.map(line).join('')}`;
}

const figure = (value: number | null): string => (value === null ? 'no number' : value.toExponential(2)).padStart(9);
