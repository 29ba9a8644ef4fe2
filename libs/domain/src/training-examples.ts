/** What a reviewed caption is to learning. */
export interface ReviewedCaption {
  /** equal for the same picture, however often it was uploaded. */
  readonly imageKey: string;
  readonly text: string;
  /** whose decision; undefined when unknown. */
  readonly editor?: string;
  readonly reviewedAt: Date;
}

/** Below it a gate does better with every caption, cross-validated, than with a handful held out. */
export const HOLD_OUT_FROM_PICTURES = 50;
export const HOLD_OUT_SHARE = 0.2;
/** A smaller one judges nobody, and is not begun. */
export const MIN_HOLD_OUT = 10;

/** With at least this many editors none of them may write more than their share of a style. */
export const EDITORS_TO_SHARE = 3;
export const MAX_EDITOR_SHARE = 0.5;

/** The distance, in the unit vector's components, at which two embeddings still count as one picture. */
const EMBEDDING_GRAIN = 1e-3;

/**
 * The whole numbers that name a picture, to be hashed: its embedding's direction, coarsely. The same picture encoded
 * in another batch differs in the last bits only, another picture in nearly every component.
 */
export function pictureSignature(embedding: Float32Array): Int16Array {
  const norm = Math.hypot(...embedding) || 1;
  return Int16Array.from(embedding, (value) => Math.round(value / norm / EMBEDDING_GRAIN));
}

/**
 * The pictures to hold out next: the newest of those no mapper has been trained on, as many as bring the hold-out to
 * its share. A picture that was trained on never joins, one that was held out never leaves.
 * @param heldOut pictures held out already
 * @param trained pictures trained on already
 */
export function chooseHoldOut(
  captions: readonly ReviewedCaption[],
  heldOut: ReadonlySet<string>,
  trained: ReadonlySet<string>,
): Set<string> {
  const newestFirst = [...captions].sort((a, b) => b.reviewedAt.getTime() - a.reviewedAt.getTime());
  const pictures = [...new Set(newestFirst.map(({ imageKey }) => imageKey))];
  if (pictures.length < HOLD_OUT_FROM_PICTURES) return new Set();
  const wanted = Math.ceil(pictures.length * HOLD_OUT_SHARE);
  const present = pictures.filter((picture) => heldOut.has(picture)).length;
  const free = pictures.filter((picture) => !heldOut.has(picture) && !trained.has(picture));
  const chosen = free.slice(0, Math.max(0, wanted - present));
  return new Set(present + chosen.length < MIN_HOLD_OUT ? [] : chosen);
}

/** The captions of one run. */
export interface DividedCaptions<Caption> {
  /** held out from now on: the newest caption of each picture. */
  readonly holdOut: readonly Caption[];
  readonly training: readonly Caption[];
}

/**
 * What a run holds out anew and what it learns from: one rule wherever a mapper is trained.
 * @param heldOut pictures held out already
 * @param trained pictures trained on already
 */
export function divideCaptions<Caption extends ReviewedCaption>(
  captions: readonly Caption[],
  heldOut: ReadonlySet<string>,
  trained: ReadonlySet<string>,
): DividedCaptions<Caption> {
  const chosen = chooseHoldOut(captions, heldOut, trained);
  const oldestFirst = [...captions].sort((a, b) => a.reviewedAt.getTime() - b.reviewedAt.getTime());
  const newest = new Map(oldestFirst.map((caption) => [caption.imageKey, caption]));
  const free = captions.filter(({ imageKey }) => !heldOut.has(imageKey) && !chosen.has(imageKey));
  return {
    holdOut: oldestFirst.filter((caption) => chosen.has(caption.imageKey) && newest.get(caption.imageKey) === caption),
    training: capEditors(withoutRepeats(free)),
  };
}

/** One of each text of a picture, the newest review's, in the order given. */
export function withoutRepeats<Caption extends ReviewedCaption>(captions: readonly Caption[]): Caption[] {
  const newest = new Map<string, Caption>();
  for (const caption of captions) {
    const key = `${caption.imageKey} ${caption.text}`;
    const known = newest.get(key);
    if (!known || known.reviewedAt < caption.reviewedAt) newest.set(key, caption);
  }
  const kept = new Set(newest.values());
  return captions.filter((caption) => kept.has(caption));
}

/** Where three or more people review, drops the oldest captions of whoever wrote more than half of all. */
export function capEditors<Caption extends ReviewedCaption>(captions: readonly Caption[]): Caption[] {
  const byEditor = new Map<string | undefined, Caption[]>();
  for (const caption of captions) byEditor.set(caption.editor, [...(byEditor.get(caption.editor) ?? []), caption]);
  if (byEditor.size < EDITORS_TO_SHARE) return [...captions];
  // only one of them can hold more than half
  const largest = [...byEditor.values()].reduce((a, b) => (b.length > a.length ? b : a));
  const others = captions.length - largest.length;
  const allowed = Math.floor((others * MAX_EDITOR_SHARE) / (1 - MAX_EDITOR_SHARE));
  if (largest.length <= allowed) return [...captions];
  const newestFirst = [...largest].sort((a, b) => b.reviewedAt.getTime() - a.reviewedAt.getTime());
  const dropped = new Set(newestFirst.slice(allowed));
  return captions.filter((caption) => !dropped.has(caption));
}
