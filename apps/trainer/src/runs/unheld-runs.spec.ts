import { tenantId } from '@housestyle/domain';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { UnheldRuns } from './unheld-runs.js';

const PATIENCE_MS = 600_000;
const LOOK_MS = 15_000;
const begun = { tenantId: tenantId('0b5e7f9c-0000-4000-8000-000000000001'), runId: 'one', isNew: false };
const fresh = { ...begun, isNew: true };

let unheld: UnheldRuns;

beforeEach(() => {
  vi.useFakeTimers();
  unheld = new UnheldRuns(PATIENCE_MS);
});
afterEach(() => void vi.useRealTimers());

/** @returns how long it took, looking as trainers do; undefined: longer than an hour */
function msUntilForsaken(run: typeof begun): number | undefined {
  for (let ms = 0; ms < 3_600_000; ms += LOOK_MS, vi.advanceTimersByTime(LOOK_MS)) {
    if (unheld.isForsaken(run)) return ms;
  }
  return undefined;
}

it('counts from the first look that found nobody there', () => {
  vi.advanceTimersByTime(10 * PATIENCE_MS);
  expect(msUntilForsaken(begun)).toBe(PATIENCE_MS + LOOK_MS);
});

it('counts anew when somebody has had it', () => {
  expect(unheld.isForsaken(begun)).toBe(false);
  vi.advanceTimersByTime(PATIENCE_MS / 5);
  unheld.seenHeld(begun);
  expect(msUntilForsaken(begun)).toBe(PATIENCE_MS + LOOK_MS);
});

it('counts on when another like it has looked at a new one, and anew when that was begun', () => {
  expect(unheld.isForsaken(fresh)).toBe(false);
  vi.advanceTimersByTime(PATIENCE_MS / 5);
  unheld.seenHeld(fresh);
  expect(msUntilForsaken(fresh)).toBe(PATIENCE_MS + LOOK_MS - PATIENCE_MS / 5);
  expect(msUntilForsaken(begun)).toBe(PATIENCE_MS + LOOK_MS);
});

it('counts anew when nobody has looked for a while', () => {
  expect(unheld.isForsaken(begun)).toBe(false);
  vi.advanceTimersByTime(2 * PATIENCE_MS);
  expect(msUntilForsaken(begun)).toBe(PATIENCE_MS + LOOK_MS);
});
