import { infiniteQueryOptions, useInfiniteQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { listSuggestions, type SuggestionFilter } from '../api/routes';
import { feedKey, itemsOf } from './feed-cache';

/**
 * One filter's suggestions, page by page. What was decided stays in its place until the filter is opened anew
 * (`gcTime: 0`), so that nothing moves under the editor's hand.
 */
export const feedOptions = (filter: SuggestionFilter) =>
  infiniteQueryOptions({
    queryKey: feedKey(filter),
    queryFn: ({ pageParam }) => listSuggestions(filter, pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.nextCursor ?? undefined,
    gcTime: 0,
  });

export function useFeed(filter: SuggestionFilter) {
  const query = useInfiniteQuery(feedOptions(filter));
  const items = useMemo(() => itemsOf(query.data), [query.data]);
  return { ...query, items };
}
