import { capEditors, editorsOf, MAX_EDITOR_SHARE, withinShare } from './editor-shares.js';
import { withoutOwnWording } from './own-wording.js';

/** What a reviewed caption is to learning. */
export interface ReviewedCaption {
  /** equal for the same picture, however often it was uploaded. */
  readonly imageKey: string;
  readonly text: string;
  /** whose decision; undefined when unknown. */
  readonly editor?: string;
  /** the person behind it, where one has had several names (a rotated key); else the editor. */
  readonly person?: string;
  readonly reviewedAt: Date;
}

/** Below it a gate does better with every caption, cross-validated, than with a handful held out. */
export const HOLD_OUT_FROM_PICTURES = 50;
export const HOLD_OUT_SHARE = 0.2;
/** A smaller one judges nobody: its pictures wait, unlearned, until they are as many. */
export const MIN_HOLD_OUT = 10;

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
 * its share; where several people review, none of them brings more than an editor's share. A picture that was trained on never
 * joins, one that was held out never leaves.
 * @param heldOut pictures held out already
 * @param trained pictures trained on already
 */
export function chooseHoldOut(
  captions: readonly ReviewedCaption[],
  heldOut: ReadonlySet<string>,
  trained: ReadonlySet<string>,
  maxEditorShare = MAX_EDITOR_SHARE,
): Set<string> {
  const newestFirst = [...captions].sort((a, b) => b.reviewedAt.getTime() - a.reviewedAt.getTime());
  const newest = new Map([...newestFirst].reverse().map((caption) => [caption.imageKey, caption]));
  const pictures = [...new Set(newestFirst.map(({ imageKey }) => imageKey))];
  if (pictures.length < HOLD_OUT_FROM_PICTURES) return new Set();
  const wanted = Math.ceil(pictures.length * HOLD_OUT_SHARE);
  const present = pictures.filter((picture) => heldOut.has(picture)).length;
  const free = pictures.filter((picture) => !heldOut.has(picture) && !trained.has(picture));
  const judges = withinShare(
    free.map((picture) => newest.get(picture)!),
    Math.max(0, wanted - present),
    maxEditorShare,
    editorsOf(captions),
  );
  return new Set(judges.map(({ imageKey }) => imageKey));
}

/** The captions of one run. */
export interface DividedCaptions<Caption> {
  /** held out from now on: the newest caption of each picture. */
  readonly holdOut: readonly Caption[];
  readonly training: readonly Caption[];
  /** captions that nobody learns from or is judged by, for one editor's sake. */
  readonly leftOut: { readonly ownWording: number; readonly overShare: number };
}

/**
 * What a run holds out anew and what it learns from: one rule wherever a mapper is trained.
 * @param heldOut pictures held out already
 * @param trained pictures trained on already
 * @param maxEditorShare of a training set, and of what is held out anew; 1: whoever reviews decides
 */
export function divideCaptions<Caption extends ReviewedCaption>(
  captions: readonly Caption[],
  heldOut: ReadonlySet<string>,
  trained: ReadonlySet<string>,
  maxEditorShare = MAX_EDITOR_SHARE,
): DividedCaptions<Caption> {
  const shared = maxEditorShare < 1 ? withoutOwnWording(captions) : captions;
  const chosen = chooseHoldOut(shared, heldOut, trained, maxEditorShare);
  const oldestFirst = [...shared].sort((a, b) => a.reviewedAt.getTime() - b.reviewedAt.getTime());
  const newest = new Map(oldestFirst.map((caption) => [caption.imageKey, caption]));
  const free = withoutRepeats(shared.filter(({ imageKey }) => !heldOut.has(imageKey) && !chosen.has(imageKey)));
  const training = capEditors(free, maxEditorShare);
  return {
    holdOut: oldestFirst.filter((caption) => chosen.has(caption.imageKey) && newest.get(caption.imageKey) === caption),
    training,
    leftOut: { ownWording: captions.length - shared.length, overShare: free.length - training.length },
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
