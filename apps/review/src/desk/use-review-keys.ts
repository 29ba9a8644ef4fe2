import type { Suggestion } from '@housestyle/contracts';
import type { RefObject } from 'react';
import { decisionForWording, type SuggestionActions } from '../suggestions/actions';
import { columnsOf, stepIn, type Step } from '../suggestions/grid-steps';
import type { Decision } from '../suggestions/use-reviews';
import { useShortcuts } from './use-shortcuts';

interface ReviewKeys {
  readonly items: readonly Suggestion[];
  readonly active: Suggestion | undefined;
  readonly grid: RefObject<HTMLElement | null>;
  readonly canReview: boolean;
  readonly isEnabled: boolean;
  readonly actions: SuggestionActions;
  readonly undo: () => void;
  readonly showArrivals: () => void;
  readonly tidy: () => void;
  readonly help: () => void;
}

/** The keyboard of the desk; `shortcuts-help.tsx` says the same to people. */
export function useReviewKeys(keys: ReviewKeys): void {
  const { items, active, grid, canReview, isEnabled, actions, undo, showArrivals, tidy, help } = keys;

  const move = (step: Step) => () => {
    const index = items.findIndex(({ id }) => id === active?.id);
    const target = items[stepIn(step, index, items.length, grid.current ? columnsOf(grid.current) : 1)];
    if (target) actions.activate(target.id);
  };
  const onActive = (act: (suggestion: Suggestion) => void) => () => {
    if (active) act(active);
  };
  const decide = (decisionOn: (suggestion: Suggestion) => Decision | undefined) =>
    onActive((suggestion) => {
      const decision = decisionOn(suggestion);
      if (canReview && decision) actions.decide(suggestion, decision);
    });
  const accept = decide(({ state }) => (state === 'accepted' ? undefined : { decision: 'accepted' }));
  const reject = decide(({ state }) => (state === 'rejected' ? undefined : { decision: 'rejected' }));
  const takeWording = (number: number) => decide((suggestion) => decisionForWording(suggestion, number - 1));
  const open = onActive(({ id }) => actions.open(id));

  useShortcuts(
    {
      j: move('next'),
      k: move('previous'),
      ArrowRight: move('next'),
      ArrowLeft: move('previous'),
      ArrowDown: move('down'),
      ArrowUp: move('up'),
      Home: move('first'),
      End: move('last'),
      Enter: accept,
      a: accept,
      x: reject,
      r: reject,
      e: onActive((suggestion) => canReview && actions.edit(suggestion)),
      o: open,
      ' ': open,
      1: takeWording(1),
      2: takeWording(2),
      3: takeWording(3),
      4: takeWording(4),
      5: takeWording(5),
      u: undo,
      n: showArrivals,
      h: tidy,
      '?': help,
    },
    isEnabled,
  );
}
