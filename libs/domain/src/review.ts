export const REVIEW_DECISIONS = ['accepted', 'corrected', 'rejected'] as const;

/** What an editor did with a suggestion. Only `corrected` carries a new text. */
export type ReviewDecision = (typeof REVIEW_DECISIONS)[number];
