import type { ReviewedCaption } from './training-examples.js';

/** From so many editors on, none of them may write more than their share of a style. */
export const EDITORS_TO_SHARE = 3;
export const MAX_EDITOR_SHARE = 0.5;
/** Where the others have written less than this in all, the one editor's style is the house's. */
export const MIN_OF_OTHERS = 20;

/** what a share in binary may miss a whole number by */
const ROUNDING = 1e-9;

export const personOf = ({ person, editor }: ReviewedCaption): string | undefined => person ?? editor;

/** How many captions each person wrote. */
export function editorsOf(captions: readonly ReviewedCaption[]): ReadonlyMap<string | undefined, number> {
  const counts = new Map<string | undefined, number>();
  for (const caption of captions) counts.set(personOf(caption), (counts.get(personOf(caption)) ?? 0) + 1);
  return counts;
}

/** Whether there are others enough to hold this person's captions against. */
export function isOneOfSeveral(person: string | undefined, editors: ReadonlyMap<string | undefined, number>): boolean {
  const all = [...editors.values()].reduce((sum, count) => sum + count, 0);
  return editors.size >= EDITORS_TO_SHARE && all - (editors.get(person) ?? 0) >= MIN_OF_OTHERS;
}

/**
 * Where three or more people review, leaves out the oldest captions of whoever wrote more than `maxShare` of what is
 * kept.
 * @param maxShare from a half on, so that no more than one of them can have written more
 */
export function capEditors<Caption extends ReviewedCaption>(
  captions: readonly Caption[],
  maxShare = MAX_EDITOR_SHARE,
): Caption[] {
  const editors = editorsOf(captions);
  const [largest, count] = [...editors].reduce((a, b) => (b[1] > a[1] ? b : a), [undefined, 0]);
  if (!isOneOfSeveral(largest, editors) || maxShare >= 1) return [...captions];
  const most = Math.floor(((captions.length - count) * maxShare) / (1 - maxShare) + ROUNDING);
  const newestFirst = [...captions].sort((a, b) => b.reviewedAt.getTime() - a.reviewedAt.getTime());
  const allowed = new Map(editors).set(largest, most);
  const kept = new Set(newestFirst.filter((caption) => take(allowed, personOf(caption))));
  return captions.filter((caption) => kept.has(caption));
}

/** The first `count` of them of which no person has more than `maxShare`, where several are. */
export function withinShare<Caption extends ReviewedCaption>(
  captions: readonly Caption[],
  count: number,
  maxShare: number,
  editors: ReadonlyMap<string | undefined, number>,
): Caption[] {
  const most = Math.ceil(count * maxShare - ROUNDING);
  const allowed = new Map(
    [...editors.keys()].map((person) => [person, isOneOfSeveral(person, editors) ? most : count]),
  );
  return captions.filter((caption) => take(allowed, personOf(caption))).slice(0, count);
}

/** Whether there is one more for this person; counts it. */
function take(allowed: Map<string | undefined, number>, person: string | undefined): boolean {
  const left = allowed.get(person) ?? 0;
  allowed.set(person, left - 1);
  return left > 0;
}
