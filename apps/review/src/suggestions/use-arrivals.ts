import type { Suggestion } from '@housestyle/contracts';
import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useRef, useState } from 'react';
import type { SuggestionFilter } from '../api/routes';
import { feedKey, itemsOf, withNewcomers, type Feed } from './feed-cache';
import { feedOptions } from './use-feed';

const CHECK_EVERY_MS = 400;
const UNTOUCHED_MS = 2_500;
const TOP_PX = 80;
const TOUCHES = ['pointermove', 'pointerdown', 'keydown', 'wheel', 'touchstart'] as const;

/**
 * New captions wait beside the feed until letting them in moves nothing the editor is busy with: the page is
 * scrolled to the top and nobody has touched it for a moment (or there is nothing to move). Until then they are
 * counted; `show` lets them in on request. `freshIds` are those that came in this way.
 */
export function useArrivals(filter: SuggestionFilter, isBusy: boolean) {
  const client = useQueryClient();
  const [waiting, setWaiting] = useState<readonly Suggestion[]>([]);
  const [freshIds, setFreshIds] = useState<ReadonlySet<string>>(new Set());

  const add = useCallback(
    async (suggestions: readonly Suggestion[]) => {
      // what the first page is about to bring is no newcomer
      const feed = await client.ensureInfiniteQueryData(feedOptions(filter));
      setWaiting((earlier) => {
        const known = idsOf([...itemsOf(feed), ...earlier]);
        return [...suggestions.filter(({ id }) => !known.has(id)), ...earlier];
      });
    },
    [client, filter],
  );

  const show = useCallback(() => {
    const listed = idsOf(itemsOf(client.getQueryData<Feed>(feedKey(filter))));
    client.setQueryData<Feed>(feedKey(filter), (feed) => feed && withNewcomers(feed, waiting));
    setFreshIds(idsOf(waiting.filter(({ id }) => !listed.has(id))));
    setWaiting([]);
  }, [client, filter, waiting]);

  const replace = useCallback((suggestion: Suggestion) => {
    setWaiting((earlier) => earlier.map((item) => (item.id === suggestion.id ? suggestion : item)));
  }, []);

  const touchedMs = useRef(Number.NEGATIVE_INFINITY);
  useEffect(() => {
    const touch = () => void (touchedMs.current = performance.now());
    for (const type of TOUCHES) window.addEventListener(type, touch, { passive: true });
    return () => TOUCHES.forEach((type) => window.removeEventListener(type, touch));
  }, []);

  useEffect(() => {
    if (waiting.length === 0 || isBusy) return;
    const timer = window.setInterval(() => {
      const feed = client.getQueryData<Feed>(feedKey(filter));
      const isUntouched = performance.now() - touchedMs.current >= UNTOUCHED_MS && window.scrollY < TOP_PX;
      if (feed && (isUntouched || itemsOf(feed).length === 0)) show();
    }, CHECK_EVERY_MS);
    return () => window.clearInterval(timer);
  }, [client, filter, isBusy, show, waiting.length]);

  return { waitingCount: waiting.length, freshIds, add, show, replace };
}

const idsOf = (suggestions: readonly Suggestion[]): Set<string> => new Set(suggestions.map(({ id }) => id));
