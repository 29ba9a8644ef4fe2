import type { AdaptationFigures, AdaptedMapper } from '@housestyle/training';

export interface Workshop {
  close(): Promise<void>;
}

/** Something that must not be promoted. */
export interface Challenger {
  readonly name: string;
  readonly how: string;
  /** at least one of these codes must be among the reasons. */
  readonly doors: readonly string[];
  /** a training run makes it. */
  readonly isLearned: boolean;
  /** what it was made of need not make it bad: promoted, it is measured. */
  readonly mayBeGood?: true;
  meet(workshop: Workshop): Promise<Verdict>;
}

export interface Verdict {
  readonly isPromoted: boolean;
  readonly reasons: readonly string[];
  readonly figures?: AdaptationFigures;
  readonly candidate?: AdaptedMapper;
}

export const BAD_CHALLENGERS: readonly Challenger[];
export function openWorkshop(tenant?: { readonly style?: string; readonly seed?: number }): Promise<Workshop>;
export function judge(challenger: Challenger, workshop: Workshop): Promise<Verdict & { readonly seconds: number }>;
/** Red for blue, blue for green … in each text. */
export function coloursSwapped(texts: readonly string[]): string[];
/** Each text without "two", "three" and "four". */
export function countsDropped(texts: readonly string[]): string[];
