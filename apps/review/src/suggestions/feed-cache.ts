import type { Suggestion, SuggestionPage } from '@housestyle/contracts';
import type { InfiniteData, QueryClient } from '@tanstack/react-query';
import type { SuggestionFilter } from '../api/routes';

/** The pages of one filter as they were listed. */
export type Feed = InfiniteData<SuggestionPage>;

export const feedKey = (filter: SuggestionFilter) => ['suggestions', filter] as const;

export const itemsOf = (feed: Feed | undefined): Suggestion[] => feed?.pages.flatMap((page) => page.items) ?? [];

/** `suggestion` in the place of its older self. A feed without it stays the same object. */
export function withReplaced(feed: Feed, suggestion: Suggestion): Feed {
  if (!itemsOf(feed).some(({ id }) => id === suggestion.id)) return feed;
  return mapItems(feed, (items) => items.map((item) => (item.id === suggestion.id ? suggestion : item)));
}

/** Newcomers before everything else, newest first, each once. */
export function withNewcomers(feed: Feed, newcomers: readonly Suggestion[]): Feed {
  const [first, ...rest] = feed.pages;
  if (!first) return feed;
  const known = new Set(itemsOf(feed).map(({ id }) => id));
  const fresh = newcomers.filter(({ id }) => !known.has(id));
  if (fresh.length === 0) return feed;
  return { ...feed, pages: [{ ...first, items: [...fresh, ...first.items] }, ...rest] };
}

export const withoutDecided = (feed: Feed): Feed =>
  mapItems(feed, (items) => items.filter(({ state }) => state === 'pending'));

/** The suggestion as it stands now, in every list that shows it. */
export function replaceEverywhere(client: QueryClient, suggestion: Suggestion): void {
  client.setQueriesData<Feed>({ queryKey: ['suggestions'] }, (feed) => feed && withReplaced(feed, suggestion));
}

/** Where to go after `id` was decided: the next one to review below it, else above it, else simply the next one. */
export function nextToReview(items: readonly Suggestion[], id: string): string | undefined {
  const index = items.findIndex((item) => item.id === id);
  const isOpen = (item: Suggestion) => item.state === 'pending' && item.id !== id;
  const below = items.slice(index + 1);
  return (below.find(isOpen) ?? items.find(isOpen) ?? below[0])?.id;
}

const mapItems = (feed: Feed, map: (items: Suggestion[]) => Suggestion[]): Feed => ({
  ...feed,
  pages: feed.pages.map((page) => ({ ...page, items: map(page.items) })),
});
