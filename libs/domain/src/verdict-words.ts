/** Why a candidate is refused: stable words for programs, each with its sentence for people. */
const SENTENCES = {
  too_few_captions: 'There are too few captions to judge by: it takes some more reviews.',
  diverged: 'Training went astray: the loss is no longer a number.',
  broken_candidate: 'The new mapper is broken: its figures are not numbers.',
  does_not_stop: 'Too many of its captions run on without an end.',
  length_out_of_bounds: 'Its captions are much longer or much shorter than those people wrote.',
  captions_collapsed: 'It says the same of too many different pictures.',
  not_better: 'It comes no closer to the captions people wrote than the present mapper does.',
  cider_fell: 'It shares fewer telling phrases with the captions people wrote than the present mapper does.',
  exact_match_fell: 'Fewer of its captions are word for word what people wrote.',
  wrong_pictures: 'Its captions fit other pictures as well as their own: texts and pictures may have been mixed up.',
  content_lost: 'It leaves out more of what the pictures show than the present mapper does.',
  content_unjudged:
    'Nobody can tell whether it still says what pictures show: the base model brings neither pictures of its own to judge by nor a CLIP that reads texts, or cannot make anything of these captions.',
} as const;

export type RefusalReason = keyof typeof SENTENCES;

/** Every reason. */
export const REFUSAL_REASONS = Object.keys(SENTENCES) as readonly RefusalReason[];

/** Why a candidate is promoted. */
const PROMOTION_SENTENCES = {
  better: 'It comes closer to the captions people wrote, and still says what is in the pictures.',
  says_more: 'It says more of what the pictures show, and is no farther from the captions people wrote.',
} as const;

export type PromotionReason = keyof typeof PROMOTION_SENTENCES;

/** One reason in plain words; what is no reason of the gate's (a failure's message) stays as it is. */
export function refusalSentence(reason: string): string {
  return Object.hasOwn(SENTENCES, reason) ? SENTENCES[reason as RefusalReason] : reason;
}

/** A whole verdict, as a run keeps it (why it was promoted, or reasons against it with commas between them), sentence by sentence. */
export function verdictSentences(verdict: string): string[] {
  if (Object.hasOwn(PROMOTION_SENTENCES, verdict)) return [PROMOTION_SENTENCES[verdict as PromotionReason]];
  const reasons = verdict.split(', ');
  return reasons.every((reason) => Object.hasOwn(SENTENCES, reason)) ? reasons.map(refusalSentence) : [verdict];
}
