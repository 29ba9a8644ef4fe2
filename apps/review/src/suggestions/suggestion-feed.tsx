import type { Suggestion } from '@housestyle/contracts';
import { useEffect, useEffectEvent, useRef, type RefObject } from 'react';
import { Button } from '../look/button';
import type { SuggestionActions } from './actions';
import { FeedSkeleton } from './feed-states';
import classes from './suggestion-feed.module.css';
import { SuggestionCard } from './suggestion-card';

const LOAD_AHEAD_PX = 1_200;

interface SuggestionFeedProps {
  readonly items: readonly Suggestion[];
  readonly activeId: string | undefined;
  readonly editingId: string | undefined;
  readonly freshIds: ReadonlySet<string>;
  readonly canReview: boolean;
  /** decided cards step back */
  readonly isToDo: boolean;
  readonly actions: SuggestionActions;
  readonly grid: RefObject<HTMLDivElement | null>;
  readonly more: {
    readonly hasMore: boolean;
    readonly isLoading: boolean;
    readonly isFailed: boolean;
    load: () => void;
  };
}

/** The contact sheet: newest first, the next page fetched before its end comes into sight. */
export function SuggestionFeed(props: SuggestionFeedProps) {
  const { items, activeId, editingId, freshIds, canReview, isToDo, actions, grid, more } = props;
  const end = useRef<HTMLDivElement>(null);
  const loadMore = useEffectEvent(() => {
    if (more.hasMore && !more.isLoading && !more.isFailed) more.load();
  });

  useEffect(() => {
    if (!end.current || !more.hasMore) return;
    const observer = new IntersectionObserver(([entry]) => entry?.isIntersecting && loadMore(), {
      rootMargin: `0px 0px ${LOAD_AHEAD_PX}px`,
    });
    observer.observe(end.current);
    return () => observer.disconnect();
  }, [more.hasMore, items.length]);

  return (
    <>
      <div ref={grid} className={classes.grid} role="feed" aria-label="Suggested captions" aria-busy={more.isLoading}>
        {items.map((suggestion, index) => (
          <SuggestionCard
            key={suggestion.id}
            suggestion={suggestion}
            position={index + 1}
            isActive={suggestion.id === activeId}
            isEditing={suggestion.id === editingId}
            isFresh={freshIds.has(suggestion.id)}
            isDone={isToDo && suggestion.state !== 'pending'}
            canReview={canReview}
            actions={actions}
          />
        ))}
      </div>
      <div ref={end} />
      {more.isLoading && <FeedSkeleton count={4} />}
      {more.isFailed && (
        <p className={classes.failed} role="alert">
          The next captions did not load. <Button onClick={() => more.load()}>Try again</Button>
        </p>
      )}
    </>
  );
}
