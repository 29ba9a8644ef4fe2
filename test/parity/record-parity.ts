import { appendFileSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';

/** Where rows are collected while the specs run; the table is printed and written there at the end. */
export const REPORT_FOLDER = path.join(import.meta.dirname, 'report');

export interface ParityRow {
  /** the spec file. */
  readonly spec: string;
  readonly name: string;
  /** null after a round through JSON when it was not a finite number. */
  readonly error: number | null;
  readonly bound: number;
}

/** Puts one comparison into the table and fails the test when the error is above its bound (or not a number). */
export function recordParity(name: string, error: number, bound: number): void {
  const spec = path.basename(expect.getState().testPath ?? 'unknown', '.spec.ts');
  const row: ParityRow = { spec, name, error, bound };
  mkdirSync(REPORT_FOLDER, { recursive: true });
  appendFileSync(path.join(REPORT_FOLDER, `${spec}.jsonl`), `${JSON.stringify(row)}\n`);
  expect(error, name).toBeLessThanOrEqual(bound);
}

/** ‖found − reference‖₂ / ‖reference‖₂ */
export function relativeError(found: ArrayLike<number>, reference: ArrayLike<number>): number {
  if (found.length !== reference.length) return Infinity;
  let [difference, length] = [0, 0];
  for (let i = 0; i < reference.length; i++) {
    difference += (found[i]! - reference[i]!) ** 2;
    length += reference[i]! ** 2;
  }
  return Math.sqrt(difference / length);
}

/** max |found − reference| */
export function maxError(found: ArrayLike<number>, reference: ArrayLike<number>): number {
  if (found.length !== reference.length) return Infinity;
  let largest = 0;
  for (let i = 0; i < reference.length; i++) {
    const difference = Math.abs(found[i]! - reference[i]!);
    if (Number.isNaN(difference)) return NaN;
    largest = Math.max(largest, difference);
  }
  return largest;
}
