import type { Suggestion } from '@housestyle/contracts';
import type { Decision } from './use-reviews';

/** What can be done with a card; one stable object, so that cards draw again only when their own props change. */
export interface SuggestionActions {
  readonly activate: (id: string) => void;
  readonly open: (id: string) => void;
  readonly edit: (suggestion: Suggestion) => void;
  readonly stopEditing: () => void;
  readonly decide: (suggestion: Suggestion, decision: Decision) => void;
  readonly takeBack: (suggestion: Suggestion) => void;
}

/** The caption that stands, as far as anyone has said. */
export const standingCaption = ({ review, caption }: Suggestion): string => review?.text ?? caption;

/** Wording `index` of the hypotheses as a decision: the first is the caption itself. */
export function decisionForWording(suggestion: Suggestion, index: number): Decision | undefined {
  const text = suggestion.hypotheses[index]?.text;
  if (text === undefined) return undefined;
  return text === suggestion.caption ? { decision: 'accepted' } : { decision: 'corrected', text };
}
