import { MAX_CAPTION_LENGTH, type CreateReview, type Suggestion, type SuggestionState } from '@housestyle/contracts';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useCallback, useRef, useState } from 'react';
import { reviewSuggestion, takeBackReview } from '../api/routes';
import { moveCount } from '../session/session-cache';
import { replaceEverywhere } from './feed-cache';
import type { ReviewClock } from './review-clock';

/** What an editor asks for, before it is timed. */
export type Decision =
  | { readonly decision: 'accepted' }
  | { readonly decision: 'rejected' }
  | { readonly decision: 'corrected'; readonly text: string };

interface Change {
  readonly before: Suggestion;
  readonly after: Suggestion;
  /** what to send; `undefined` takes the review back */
  readonly review: CreateReview | undefined;
}

/** The caption as typed, ready to be sent; accepting it says more than "correcting" it to the same words. */
export function decisionFor(suggestion: Suggestion, typed: string): Decision | undefined {
  const text = typed.trim().replace(/\s+/g, ' ').slice(0, MAX_CAPTION_LENGTH);
  if (text === '') return undefined;
  return text === suggestion.caption ? { decision: 'accepted' } : { decision: 'corrected', text };
}

/**
 * Decisions: shown at once, sent one after the other in the order they were made, rolled back when the server
 * refuses. `onRefused` hears of the latter.
 */
export function useReviews(clock: ReviewClock, onRefused: (suggestion: Suggestion, error: unknown) => void) {
  const client = useQueryClient();
  const [history, setHistory] = useState<readonly Suggestion[]>([]);
  const inFlight = useRef(new Map<string, number>());

  const { mutate } = useMutation({
    scope: { id: 'reviews' },
    mutationFn: async ({ before, review }: Change): Promise<Suggestion | undefined> => {
      if (review) return reviewSuggestion(before.id, review);
      await takeBackReview(before.id);
      return undefined;
    },
    onMutate: ({ before, after }) => {
      track(inFlight.current, before.id, 1);
      replaceEverywhere(client, after);
      moveCount(client, before.state, after.state);
    },
    onSuccess: (saved) => {
      if (saved && inFlight.current.get(saved.id) === 1) replaceEverywhere(client, saved);
    },
    onError: (error, { before, after }) => {
      replaceEverywhere(client, before);
      moveCount(client, after.state, before.state);
      setHistory((past) => past.filter(({ id }) => id !== before.id));
      onRefused(before, error);
    },
    onSettled: (_saved, _error, { before }) => track(inFlight.current, before.id, -1),
  });

  const decide = useCallback(
    (before: Suggestion, decision: Decision) => {
      const durationMs = clock.take(before.id);
      mutate({
        before,
        after: decided(before, decision),
        review: { ...decision, ...(durationMs === undefined ? {} : { durationMs }) },
      });
      setHistory((past) => [...past, before]);
    },
    [clock, mutate],
  );

  /** Makes `now` what it was `before`, with whatever review it had then. */
  const restore = useCallback(
    (now: Suggestion, before: Suggestion) => {
      mutate({ before: now, after: before, review: reviewAgain(before) });
      setHistory((past) => past.filter(({ id }) => id !== before.id));
    },
    [mutate],
  );

  /** True while a decision about `id` is on its way: what the stream says about it is already old. */
  const isInFlight = useCallback((id: string) => inFlight.current.has(id), []);

  return { decide, restore, history, isInFlight };
}

function decided(suggestion: Suggestion, decision: Decision): Suggestion {
  const text = { accepted: suggestion.caption, rejected: null, corrected: 'text' in decision ? decision.text : null };
  const state: SuggestionState = decision.decision;
  const review = {
    decision: state,
    text: text[state],
    durationMs: null,
    editor: null,
    reviewedAt: new Date().toISOString(),
  };
  return { ...suggestion, state, review };
}

const reviewAgain = ({ review, caption }: Suggestion): CreateReview | undefined => {
  if (!review) return undefined;
  const durationMs = review.durationMs === null ? {} : { durationMs: review.durationMs };
  return review.decision === 'corrected'
    ? { decision: 'corrected', text: review.text ?? caption, ...durationMs }
    : { decision: review.decision, ...durationMs };
};

function track(inFlight: Map<string, number>, id: string, step: 1 | -1): void {
  const count = (inFlight.get(id) ?? 0) + step;
  if (count > 0) inFlight.set(id, count);
  else inFlight.delete(id);
}
