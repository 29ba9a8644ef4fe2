import type { Suggestion } from '@housestyle/contracts';
import { memo } from 'react';
import type { SuggestionActions } from './actions';
import { standingCaption } from './actions';
import { CaptionEditor } from './caption-editor';
import { CardActions } from './card-actions';
import { Confidence } from './confidence';
import { Picture } from './picture';
import { StateMark } from './state-mark';
import classes from './suggestion-card.module.css';
import { TimeAgo } from './time-ago';
import { decisionFor } from './use-reviews';

export interface SuggestionCardProps {
  readonly suggestion: Suggestion;
  /** 1-based place in the feed */
  readonly position: number;
  readonly isActive: boolean;
  readonly isEditing: boolean;
  readonly isFresh: boolean;
  /** decided, in a list of what is still to do */
  readonly isDone: boolean;
  readonly canReview: boolean;
  readonly actions: SuggestionActions;
}

/** One picture and its caption. The article itself takes the focus; `cardElementId` finds it. */
export const SuggestionCard = memo(function SuggestionCard(props: SuggestionCardProps) {
  const { suggestion, position, isActive, isEditing, isFresh, isDone, canReview, actions } = props;
  const save = (text: string) => {
    const decision = decisionFor(suggestion, text);
    actions.stopEditing();
    if (decision) actions.decide(suggestion, decision);
  };

  return (
    <article
      id={cardElementId(suggestion.id)}
      className={classes.card}
      tabIndex={isActive ? 0 : -1}
      aria-posinset={position}
      aria-setsize={-1}
      aria-labelledby={`caption-${suggestion.id}`}
      aria-current={isActive || undefined}
      data-state={suggestion.state}
      data-active={isActive || undefined}
      data-fresh={isFresh || undefined}
      data-done={isDone || undefined}
      onFocus={() => actions.activate(suggestion.id)}
      onMouseDown={() => actions.activate(suggestion.id)}
    >
      <button
        type="button"
        className={classes.picture}
        tabIndex={isActive ? 0 : -1}
        aria-label={`Details of ${suggestion.asset.assetId}`}
        onClick={() => actions.open(suggestion.id)}
      >
        <Picture src={suggestion.asset.previewUrl} />
        <StateMark state={suggestion.state} />
      </button>
      <div className={classes.body}>
        {isEditing ? (
          <CaptionEditor caption={standingCaption(suggestion)} onSave={save} onCancel={actions.stopEditing} />
        ) : (
          <>
            <CardCaption suggestion={suggestion} onEdit={canReview ? () => actions.edit(suggestion) : undefined} />
            <div className={classes.meta}>
              <Confidence share={suggestion.confidence} />
              <span className={classes.mapper} title={`Written by ${suggestion.mapper.name}`}>
                by {suggestion.mapper.name}
              </span>
            </div>
            <CardActions
              suggestion={suggestion}
              isActive={isActive}
              canReview={canReview}
              withWordings
              actions={actions}
            />
          </>
        )}
        <footer className={classes.source}>
          <AssetName assetId={suggestion.asset.assetId} />
          <TimeAgo at={suggestion.createdAt} />
        </footer>
      </div>
    </article>
  );
});

/** The caption that stands; a click edits it. A corrected one keeps the model's words above it, struck through. */
function CardCaption({ suggestion, onEdit }: { suggestion: Suggestion; onEdit: (() => void) | undefined }) {
  const isCorrected = suggestion.state === 'corrected' && suggestion.review?.text !== suggestion.caption;
  const edit = () => {
    // marking words to copy them is no click
    if (window.getSelection()?.isCollapsed ?? true) onEdit?.();
  };
  return (
    <div className={classes.caption} data-editable={onEdit ? true : undefined} onClick={edit}>
      {isCorrected && (
        <del className={classes.before} dir="auto" title={suggestion.caption}>
          {suggestion.caption}
        </del>
      )}
      <p id={`caption-${suggestion.id}`} className={classes.text} dir="auto">
        {standingCaption(suggestion)}
      </p>
    </div>
  );
}

/** The end of a path says more than its beginning: when it is tight, the folders give way. */
function AssetName({ assetId }: { assetId: string }) {
  const nameAt = assetId.lastIndexOf('/') + 1;
  return (
    <span className={classes.assetId} title={assetId}>
      <span className={classes.folder}>{assetId.slice(0, nameAt)}</span>
      <span className={classes.name}>{assetId.slice(nameAt)}</span>
    </span>
  );
}

export const cardElementId = (id: string): string => `suggestion-${id}`;
