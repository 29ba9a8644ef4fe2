import type { StreamEvent } from '@housestyle/contracts';
import { notifications } from '@mantine/notifications';
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useRef } from 'react';
import { wordsForError } from '../api/problem-words';
import {
  cancelRun,
  getLearning,
  getRun,
  listMappers,
  listRuns,
  promoteMapper,
  putSchedule,
  requestRun,
  rollBackMapper,
} from '../api/routes';
import { useOnLiveEvent, type LiveEvents } from '../live/live-events';
import { LEARNING_KEY, MAPPERS_KEY, OVERVIEW_KEY, runKey, RUNS_KEY, takeUpRun } from './learning-cache';

// what the stream told while nobody looked is asked for again
const FRESH = { staleTime: 0 };

export const useOverview = () => useQuery({ queryKey: OVERVIEW_KEY, queryFn: getLearning, ...FRESH });
export const useMappers = () => useQuery({ queryKey: MAPPERS_KEY, queryFn: listMappers, ...FRESH });
export const useRun = (id: string) => useQuery({ queryKey: runKey(id), queryFn: () => getRun(id), ...FRESH });

export const useRuns = () =>
  useInfiniteQuery({
    queryKey: RUNS_KEY,
    queryFn: ({ pageParam }) => listRuns(pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.nextCursor ?? undefined,
    ...FRESH,
  });

const REFRESH_AFTER_MS = 800;

/** Keeps all of it as the stream tells, while this is mounted. */
export function useLiveLearning(events: LiveEvents): void {
  const client = useQueryClient();
  const timer = useRef<number | undefined>(undefined);
  useEffect(() => () => window.clearTimeout(timer.current), []);
  const refreshSoon = useCallback(() => {
    timer.current ??= window.setTimeout(() => {
      timer.current = undefined;
      void client.invalidateQueries({ queryKey: OVERVIEW_KEY });
    }, REFRESH_AFTER_MS);
  }, [client]);

  useOnLiveEvent(events, (event: StreamEvent) => {
    if (event.type === 'training.updated') takeUpRun(client, event.data);
    if (event.type === 'suggestion.reviewed') refreshSoon();
    if (event.type === 'mapper.promoted' || event.type === 'ready')
      void client.invalidateQueries({ queryKey: LEARNING_KEY });
  });
}

/** What is to write, and what wrote when that was asked: not another that came since. */
export interface PromotionTarget {
  readonly kind: 'promote' | 'rollback';
  /** a mapper version's, or `base` */
  readonly id: string;
  readonly name: string;
  /** `id` null: the base's own */
  readonly champion: { readonly id: string | null; readonly name: string };
}

/** What an admin can do; each tells what went wrong and brings everything up to date. */
export function useLearningActions() {
  const client = useQueryClient();
  const refresh = () => client.invalidateQueries({ queryKey: LEARNING_KEY });
  const request = useMutation({
    mutationFn: requestRun,
    onSuccess: (run) => takeUpRun(client, run),
    onError: sayFailed('Learning did not start'),
    onSettled: refresh,
  });
  const cancel = useMutation({
    mutationFn: cancelRun,
    onSuccess: (run) => takeUpRun(client, run),
    onError: sayFailed('The run was not cancelled'),
  });
  const schedule = useMutation({ mutationFn: putSchedule, onSuccess: refresh });
  const promote = useMutation({
    mutationFn: ({ kind, id, champion }: PromotionTarget) =>
      kind === 'rollback' ? rollBackMapper(champion.id) : promoteMapper(id, champion.id),
    onSuccess: (mappers) => {
      client.setQueryData(MAPPERS_KEY, mappers);
      const champion = mappers.items.find(({ isChampion }) => isChampion)?.name ?? 'The base model';
      notifications.show({ message: `${champion} writes from the next picture on.` });
    },
    onSettled: refresh,
  });
  return { request, cancel, schedule, promote };
}

const sayFailed = (title: string) => (error: unknown) =>
  notifications.show({ color: 'red', title, message: wordsForError(error), autoClose: 8_000 });
