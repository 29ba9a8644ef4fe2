import type { Suggestion } from '@housestyle/contracts';
import { describe, expect, it } from 'vitest';
import { itemsOf, nextToReview, withNewcomers, withoutDecided, withReplaced, type Feed } from './feed-cache';

const suggestion = (id: string, state: Suggestion['state'] = 'pending') => ({ id, state }) as Suggestion;
const feedOf = (...pages: Suggestion[][]): Feed => ({
  pages: pages.map((items, index) => ({ items, nextCursor: index < pages.length - 1 ? `after page ${index}` : null })),
  pageParams: pages.map((_, index) => (index === 0 ? undefined : `after page ${index - 1}`)),
});
const ids = (feed: Feed) => itemsOf(feed).map(({ id }) => id);

describe('the pages of a feed', () => {
  const feed = feedOf([suggestion('c'), suggestion('b')], [suggestion('a')]);

  it('take newcomers at the front, each once, and keep their cursors', () => {
    const grown = withNewcomers(feed, [suggestion('d'), suggestion('b')]);
    expect(ids(grown)).toEqual(['d', 'c', 'b', 'a']);
    expect(grown.pages.map(({ nextCursor }) => nextCursor)).toEqual(['after page 0', null]);
    expect(withNewcomers(feed, [suggestion('a')])).toBe(feed);
  });

  it('replace a suggestion where it stands', () => {
    const replaced = withReplaced(feed, suggestion('a', 'accepted'));
    expect(itemsOf(replaced).map(({ state }) => state)).toEqual(['pending', 'pending', 'accepted']);
    expect(withReplaced(feed, suggestion('x'))).toBe(feed);
  });

  it('let go of what is decided', () => {
    expect(ids(withoutDecided(withReplaced(feed, suggestion('b', 'rejected'))))).toEqual(['c', 'a']);
  });
});

describe('the next suggestion to review', () => {
  const [a, b, c] = [suggestion('a'), suggestion('b'), suggestion('c')];

  it.each([
    { what: 'is the one below', items: [a, b, c], at: 'a', next: 'b' },
    { what: 'skips what is decided', items: [a, suggestion('b', 'accepted'), c], at: 'a', next: 'c' },
    {
      what: 'is found above when nothing is left below',
      items: [a, b, suggestion('c', 'rejected')],
      at: 'b',
      next: 'a',
    },
    {
      what: 'is simply the one below where all is decided',
      items: [suggestion('a', 'accepted'), suggestion('b', 'accepted')],
      at: 'a',
      next: 'b',
    },
    { what: 'is none at the very end', items: [suggestion('a', 'accepted')], at: 'a', next: undefined },
  ])('$what', ({ items, at, next }) => {
    expect(nextToReview(items, at)).toBe(next);
  });
});
