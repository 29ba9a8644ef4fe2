import type { Learning, TrainingRun, TrainingRunDetail, TrainingRunPage } from '@housestyle/contracts';
import type { InfiniteData, QueryClient } from '@tanstack/react-query';
import { isFold } from './run-words';

export const LEARNING_KEY = ['learning'] as const;
export const OVERVIEW_KEY = [...LEARNING_KEY, 'overview'] as const;
export const MAPPERS_KEY = [...LEARNING_KEY, 'mappers'] as const;
export const RUNS_KEY = [...LEARNING_KEY, 'runs'] as const;
export const runKey = (id: string) => [...LEARNING_KEY, 'run', id] as const;

export type RunPages = InfiniteData<TrainingRunPage>;
export type LossCurve = TrainingRunDetail['curve'];

export const isActive = ({ status }: Pick<TrainingRun, 'status'>): boolean =>
  status === 'requested' || status === 'running';

/**
 * The run as it stands now, wherever it is shown. A run that has ended changes more than itself: ask again for all. From
 * one that begins on, reviews are counted anew.
 */
export function takeUpRun(client: QueryClient, run: TrainingRun): void {
  const before = client.getQueryData<Learning>(OVERVIEW_KEY)?.activeRun;
  client.setQueryData<Learning>(OVERVIEW_KEY, (learning) => learning && withActiveRun(learning, run));
  client.setQueryData<RunPages>(RUNS_KEY, (pages) => pages && withRun(pages, run));
  client.setQueryData<TrainingRunDetail>(runKey(run.id), (detail) => detail && withProgress(detail, run));
  if (!isActive(run)) void client.invalidateQueries({ queryKey: LEARNING_KEY });
  else if (run.status !== before?.status) void client.invalidateQueries({ queryKey: OVERVIEW_KEY });
}

export function withActiveRun(learning: Learning, run: TrainingRun): Learning {
  if (isActive(run)) return { ...learning, activeRun: run };
  return learning.activeRun?.id === run.id ? { ...learning, activeRun: null, lastRun: run } : learning;
}

/** In its place; a run nobody has heard of is the newest. */
export function withRun(pages: RunPages, run: TrainingRun): RunPages {
  const isKnown = pages.pages.some(({ items }) => items.some(({ id }) => id === run.id));
  return {
    ...pages,
    pages: pages.pages.map((page, n) => ({
      ...page,
      items: isKnown
        ? page.items.map((item) => (item.id === run.id ? run : item))
        : n === 0
          ? [run, ...page.items]
          : page.items,
    })),
  };
}

/** An event tells one step; the curve is put together from them, as the trainer does it. */
export function withProgress(detail: TrainingRunDetail, run: TrainingRun): TrainingRunDetail {
  return { ...detail, ...run, curve: run.progress ? extended(detail.curve, run.progress) : detail.curve };
}

/** A stage that begins anew overwrites what the one before it drew; a fold draws nothing. */
function extended(curve: LossCurve, { stage, step, loss }: NonNullable<TrainingRun['progress']>): LossCurve {
  if (step === 0 || isFold(stage)) return curve;
  const kept = step <= (curve.at(-1)?.step ?? 0) ? curve.filter((point) => point.step < step) : curve;
  return [...kept, { step, loss }];
}
