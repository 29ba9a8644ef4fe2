import type { Suggestion } from '@housestyle/contracts';
import { IconArrowsMaximize } from '@tabler/icons-react';
import type { SuggestionActions } from './actions';
import { standingCaption } from './actions';
import { CardActions } from './card-actions';
import { Picture } from './picture';
import { PrefixPlot } from './prefix-plot';
import { StateMark } from './state-mark';
import { SuggestionFacts } from './suggestion-facts';
import classes from './suggestion-detail.module.css';
import { WordingsChart } from './wordings-chart';

interface SuggestionDetailProps {
  readonly suggestion: Suggestion;
  readonly canReview: boolean;
  readonly actions: SuggestionActions;
  /** the larger form of the dialog, with what is known of the picture itself */
  readonly isLarge?: boolean;
}

/** One suggestion from close up: the picture, every wording with its score, where it all comes from. */
export function SuggestionDetail({ suggestion, canReview, actions, isLarge = false }: SuggestionDetailProps) {
  return (
    <div className={classes.detail} data-large={isLarge || undefined}>
      <div className={classes.picture}>
        <Picture src={suggestion.asset.previewUrl} isEager />
        <StateMark state={suggestion.state} />
        {!isLarge && (
          <button
            type="button"
            className={classes.enlarge}
            aria-label="Enlarge"
            onClick={() => actions.open(suggestion.id)}
          >
            <IconArrowsMaximize size={16} aria-hidden />
          </button>
        )}
      </div>
      <div className={classes.words}>
        <p className={classes.caption} data-state={suggestion.state} dir="auto">
          {standingCaption(suggestion)}
        </p>
        {isLarge && <CardActions suggestion={suggestion} isActive canReview={canReview} actions={actions} />}
        <WordingsChart suggestion={suggestion} canReview={canReview} actions={actions} />
        <PrefixPlot suggestionId={suggestion.id} />
        <SuggestionFacts suggestion={suggestion} withAsset={isLarge} />
      </div>
    </div>
  );
}
