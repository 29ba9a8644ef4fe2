import type { Session, StreamEvent, Suggestion } from '@housestyle/contracts';
import { notifications } from '@mantine/notifications';
import { useQueryClient } from '@tanstack/react-query';
import { useMemo, useRef } from 'react';
import { wordsForError } from '../api/problem-words';
import { listSuggestions, type SuggestionFilter } from '../api/routes';
import { useOnLiveEvent, type LiveEvents } from '../live/live-events';
import { Button } from '../look/button';
import type { SuggestionActions } from '../suggestions/actions';
import { DetailDialog } from '../suggestions/detail-dialog';
import {
  feedKey,
  itemsOf,
  nextToReview,
  replaceEverywhere,
  withoutDecided,
  type Feed,
} from '../suggestions/feed-cache';
import { FeedSkeleton } from '../suggestions/feed-states';
import { SuggestionDetail } from '../suggestions/suggestion-detail';
import { SuggestionFeed } from '../suggestions/suggestion-feed';
import { useArrivals } from '../suggestions/use-arrivals';
import { useFeed } from '../suggestions/use-feed';
import { useReviewClock } from '../suggestions/use-review-clock';
import { useReviews } from '../suggestions/use-reviews';
import classes from './desk.module.css';
import { EmptyFeed, FailedFeed } from './feed-endings';
import { NewcomersButton } from './newcomers-button';
import { UndoBar } from './undo-bar';
import { useReviewKeys } from './use-review-keys';
import { useSelection } from './use-selection';
import { ViewBar } from './view-bar';

interface ReviewDeskProps {
  readonly filter: SuggestionFilter;
  readonly session: Session;
  readonly events: LiveEvents;
  readonly areKeysOn: boolean;
  readonly onHelp: () => void;
}

/** One view of the suggestions: the contact sheet, the docked close-up, the keys. */
export function ReviewDesk({ filter, session, events, areKeysOn, onHelp }: ReviewDeskProps) {
  const client = useQueryClient();
  const grid = useRef<HTMLDivElement>(null);
  const feed = useFeed(filter);
  const { items } = feed;
  const { active, editingId, isDetailOpen, setChosenId, setEditingId, setIsDetailOpen } = useSelection(items);
  const clock = useReviewClock(active?.id);
  const { decide, restore, history, isInFlight } = useReviews(clock, sayRefused);
  const arrivals = useArrivals(filter, editingId !== undefined || isDetailOpen);
  const canReview = session.scopes.includes('review');
  const isToDo = filter === 'pending';
  const decidedCount = items.filter(({ state }) => state !== 'pending').length;

  const actions = useMemo<SuggestionActions>(
    () => ({
      activate: setChosenId,
      open: (id) => {
        setChosenId(id);
        setIsDetailOpen(true);
      },
      edit: ({ id }) => {
        setIsDetailOpen(false);
        setChosenId(id);
        setEditingId(id);
      },
      stopEditing: () => setEditingId(undefined),
      decide: (suggestion, decision) => {
        decide(suggestion, decision);
        const listed = itemsOf(client.getQueryData<Feed>(feedKey(filter)));
        setChosenId(nextToReview(listed, suggestion.id) ?? suggestion.id);
      },
      takeBack: (suggestion) => restore(suggestion, { ...suggestion, state: 'pending', review: null }),
    }),
    [client, decide, filter, restore, setChosenId, setEditingId, setIsDetailOpen],
  );

  useOnLiveEvent(events, (event: StreamEvent) => {
    if (event.type === 'suggestion.created' && (filter === 'pending' || filter === 'all'))
      arrivals.add([event.data]).catch(ignoreUntilListed);
    if (event.type === 'suggestion.reviewed' && !isInFlight(event.data.id)) {
      replaceEverywhere(client, event.data);
      arrivals.replace(event.data);
    }
    // the stream replays nothing: what came while it was away is on the first page
    if (event.type === 'ready')
      listSuggestions(filter)
        .then(({ items: newest }) => arrivals.add(newest))
        .catch(ignoreUntilListed);
  });

  const lastBefore = history.at(-1);
  const lastDecided = lastBefore && items.find(({ id }) => id === lastBefore.id);
  const undo = () => {
    if (!lastBefore) return;
    restore(lastDecided ?? lastBefore, lastBefore);
    if (!lastDecided) arrivals.add([lastBefore]).catch(ignoreUntilListed);
    setChosenId(lastBefore.id);
  };
  const showArrivals = () => {
    arrivals.show();
    window.scrollTo({ top: 0 });
  };
  const tidy = () => client.setQueryData<Feed>(feedKey(filter), (listed) => listed && withoutDecided(listed));
  useReviewKeys({
    items,
    active,
    grid,
    canReview,
    isEnabled: areKeysOn && editingId === undefined,
    actions,
    undo,
    showArrivals,
    tidy,
    help: onHelp,
  });

  return (
    <>
      <ViewBar view={filter} counts={session.counts}>
        {isToDo && decidedCount > 0 && (
          <Button look="ghost" onClick={tidy} title="Put away what is decided (H)">
            Put away {decidedCount} decided
          </Button>
        )}
      </ViewBar>
      <NewcomersButton count={arrivals.waitingCount} onShow={showArrivals} />
      <main className={classes.main}>
        {feed.isPending ? (
          <div className={classes.split}>
            <FeedSkeleton />
            <aside className={classes.dock} />
          </div>
        ) : feed.isError && items.length === 0 ? (
          <FailedFeed error={feed.error} onRetry={() => void feed.refetch()} />
        ) : items.length === 0 ? (
          <EmptyFeed filter={filter} counts={session.counts} />
        ) : (
          <div className={classes.split}>
            <div>
              <SuggestionFeed
                items={items}
                activeId={active?.id}
                editingId={editingId}
                freshIds={arrivals.freshIds}
                canReview={canReview}
                isToDo={isToDo}
                actions={actions}
                grid={grid}
                more={{
                  hasMore: feed.hasNextPage,
                  isLoading: feed.isFetchingNextPage,
                  isFailed: feed.isFetchNextPageError,
                  load: () => void feed.fetchNextPage(),
                }}
              />
              {isToDo && !feed.hasNextPage && decidedCount === items.length && (
                <p className={classes.caughtUp}>All caught up.</p>
              )}
            </div>
            <aside className={classes.dock} aria-label="Close-up">
              {active && <SuggestionDetail suggestion={active} canReview={canReview} actions={actions} />}
            </aside>
          </div>
        )}
      </main>
      <DetailDialog
        suggestion={active}
        isOpen={isDetailOpen}
        canReview={canReview}
        actions={actions}
        onClose={() => setIsDetailOpen(false)}
      />
      <UndoBar decided={lastDecided} onUndo={undo} />
    </>
  );
}

/** The feed itself says that listing failed, and lists again. */
const ignoreUntilListed = () => undefined;

function sayRefused(suggestion: Suggestion, error: unknown): void {
  notifications.show({
    color: 'red',
    title: `Not saved: ${suggestion.asset.assetId}`,
    message: wordsForError(error),
    autoClose: 8_000,
  });
}
