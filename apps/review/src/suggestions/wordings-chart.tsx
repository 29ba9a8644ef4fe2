import type { Suggestion } from '@housestyle/contracts';
import type { SuggestionActions } from './actions';
import { decisionForWording, standingCaption } from './actions';
import { ConfidenceBar } from './confidence';
import classes from './wordings-chart.module.css';

interface WordingsChartProps {
  readonly suggestion: Suggestion;
  readonly canReview: boolean;
  readonly actions: SuggestionActions;
}

/** Every wording the search ended with, best first, each with its score as a bar; a click takes it. */
export function WordingsChart({ suggestion, canReview, actions }: WordingsChartProps) {
  const standing = standingCaption(suggestion);
  const take = (index: number) => {
    const decision = decisionForWording(suggestion, index);
    if (decision) actions.decide(suggestion, decision);
  };
  return (
    <section aria-label="Wordings">
      <h3 className={classes.title}>Wordings</h3>
      <ol className={classes.list}>
        {suggestion.hypotheses.map(({ text, confidence, score }, index) => (
          <li key={index}>
            <button
              type="button"
              className={classes.wording}
              disabled={!canReview}
              data-standing={(suggestion.state !== 'rejected' && text === standing) || undefined}
              title={`Mean log-probability ${score.toFixed(3)}`}
              onClick={() => take(index)}
            >
              <kbd className={classes.key}>{index < 9 ? index + 1 : ''}</kbd>
              <span className={classes.text} dir="auto">
                {text}
              </span>
              <span className={classes.score}>
                <ConfidenceBar share={confidence} />
                {Math.round(confidence * 100)} %
              </span>
            </button>
          </li>
        ))}
      </ol>
    </section>
  );
}
