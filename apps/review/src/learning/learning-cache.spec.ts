import type { Learning, TrainingRun, TrainingRunDetail } from '@housestyle/contracts';
import { QueryClient } from '@tanstack/react-query';
import { describe, expect, it } from 'vitest';
import { OVERVIEW_KEY, takeUpRun, withActiveRun, withProgress, withRun, type RunPages } from './learning-cache';

const run = (id: string, change: Partial<TrainingRun> = {}) => ({ id, status: 'running', ...change }) as TrainingRun;
const at = (step: number, loss: number | null, stage = 'training') =>
  run('a', { progress: { stage, step, steps: 9, loss } });
const detail = (...steps: number[]) =>
  ({ ...run('a'), curve: steps.map((step) => ({ step, loss: 1 })), examples: [] }) as unknown as TrainingRunDetail;

describe('a run that moves on', () => {
  it('draws its curve further', () => {
    expect(withProgress(detail(1, 2), at(4, 0.5)).curve.at(-1)).toEqual({ step: 4, loss: 0.5 });
    expect(withProgress(detail(), at(0, null)).curve).toEqual([]);
  });

  it('begins anew with a new stage, and says nothing twice', () => {
    expect(withProgress(detail(1, 5, 9), at(2, 0.5)).curve.map(({ step }) => step)).toEqual([1, 2]);
    expect(withProgress(detail(1, 5), at(5, 0.5)).curve.map(({ step }) => step)).toEqual([1, 5]);
  });

  it('keeps the candidate’s curve while folds learn', () => {
    const trained = detail(1, 5, 1200);
    expect(withProgress(trained, at(1, 2.5, 'fold 1'))).toMatchObject({
      curve: trained.curve,
      progress: { stage: 'fold 1' },
    });
  });

  it('stands where it stood among the others, or first', () => {
    const pages = { pages: [{ items: [run('b'), run('a')], nextCursor: null }], pageParams: [] } as unknown as RunPages;
    const cancelled = run('a', { status: 'cancelled' });
    expect(withRun(pages, cancelled).pages[0].items).toEqual([run('b'), cancelled]);
    expect(withRun(pages, run('c')).pages[0].items.map(({ id }) => id)).toEqual(['c', 'b', 'a']);
  });

  it('is the active one until it ends', () => {
    const learning = { activeRun: null, lastRun: null } as Learning;
    const active = withActiveRun(learning, run('a'));
    expect(active.activeRun?.id).toBe('a');
    const ended = run('a', { status: 'refused' });
    expect(withActiveRun(active, ended)).toMatchObject({ activeRun: null, lastRun: ended });
    expect(withActiveRun(active, run('z', { status: 'cancelled' }))).toBe(active);
  });

  it('has reviews counted anew when it begins, and not at every step', () => {
    const client = new QueryClient();
    const isCountedAnew = (was: TrainingRun | null, is: TrainingRun) => {
      client.setQueryData(OVERVIEW_KEY, { activeRun: was });
      takeUpRun(client, is);
      return client.getQueryState(OVERVIEW_KEY)?.isInvalidated;
    };
    expect(isCountedAnew(null, run('a', { status: 'requested' }))).toBe(true);
    expect(isCountedAnew(run('a', { status: 'requested' }), run('a'))).toBe(true);
    expect(isCountedAnew(run('a'), at(4, 0.5))).toBe(false);
  });
});
