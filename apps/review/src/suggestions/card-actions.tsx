import type { Suggestion } from '@housestyle/contracts';
import { IconArrowBackUp, IconCheck, IconPencil, IconX } from '@tabler/icons-react';
import { Button } from '../look/button';
import type { SuggestionActions } from './actions';
import classes from './card-actions.module.css';
import { WordingsMenu } from './wordings-menu';

interface CardActionsProps {
  readonly suggestion: Suggestion;
  readonly isActive: boolean;
  readonly canReview: boolean;
  /** where the wordings are not listed anyway */
  readonly withWordings?: boolean;
  readonly actions: SuggestionActions;
}

/** Only the active card's buttons are tab stops: Tab goes through one card, not through a hundred. */
export function CardActions({ suggestion, isActive, canReview, withWordings = false, actions }: CardActionsProps) {
  const tabIndex = isActive ? 0 : -1;
  if (!canReview) return null;
  if (suggestion.state !== 'pending')
    return (
      <div className={classes.actions}>
        <Button tabIndex={tabIndex} onClick={() => actions.takeBack(suggestion)}>
          <IconArrowBackUp size={16} aria-hidden /> Undo
        </Button>
        <Button
          look="ghost"
          isIcon
          tabIndex={tabIndex}
          aria-label="Edit"
          title="Edit (E)"
          onClick={() => actions.edit(suggestion)}
        >
          <IconPencil size={17} stroke={1.7} aria-hidden />
        </Button>
      </div>
    );
  return (
    <div className={classes.actions}>
      <Button
        look="accept"
        className={classes.accept}
        tabIndex={tabIndex}
        title="Accept (Enter or A)"
        onClick={() => actions.decide(suggestion, { decision: 'accepted' })}
      >
        <IconCheck size={17} stroke={2.2} aria-hidden /> Accept
      </Button>
      <Button isIcon tabIndex={tabIndex} aria-label="Edit" title="Edit (E)" onClick={() => actions.edit(suggestion)}>
        <IconPencil size={17} stroke={1.7} aria-hidden />
      </Button>
      <Button
        isIcon
        look="reject"
        tabIndex={tabIndex}
        aria-label="Reject"
        title="Reject (X or R)"
        onClick={() => actions.decide(suggestion, { decision: 'rejected' })}
      >
        <IconX size={17} stroke={1.9} aria-hidden />
      </Button>
      {withWordings && suggestion.hypotheses.length > 1 && (
        <WordingsMenu suggestion={suggestion} tabIndex={tabIndex} actions={actions} />
      )}
    </div>
  );
}
