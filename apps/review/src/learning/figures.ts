import type { CaptionFigures } from '@housestyle/contracts';

type FigureName =
  'editDistance' | 'exactMatch' | 'cider' | 'contentShare' | 'distinctRatio' | 'stoppedShare' | 'meanLength';

/** One of the gate's figures, in words for an editor and with its name for an engineer. */
export interface FigureKind {
  readonly name: FigureName;
  readonly words: string;
  readonly explanation: string;
  /** which way is better; undefined: neither */
  readonly better?: 'lower' | 'higher';
  /** the gate lets a candidate be worse by that share */
  readonly tolerance?: number;
  readonly show: (value: number) => string;
}

const decimal = new Intl.NumberFormat('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const short = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });
const whole = new Intl.NumberFormat('en');

export const percent = (share: number): string => `${short.format(share * 100)} %`;
export const roundPercent = (share: number): string => `${Math.round(share * 100)} %`;
export const count = (value: number): string => whole.format(value);
export const counted = (value: number, one: string, many = `${one}s`): string =>
  `${count(value)} ${value === 1 ? one : many}`;

/** “1 min 5 s”, “3.4 s”. */
export function duration(seconds: number): string {
  if (seconds < 10) return `${short.format(seconds)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  return `${minutes} min ${Math.round(seconds - minutes * 60)} s`;
}

/** How likely chance alone explains a gain. */
export const probability = (p: number): string => (p < 0.001 ? 'less than 0.1 %' : percent(p));

export const FIGURES: readonly FigureKind[] = [
  {
    name: 'editDistance',
    words: 'Left to change',
    explanation: 'Edit distance: mean share of a caption’s characters that differ from the editor’s text.',
    better: 'lower',
    show: percent,
  },
  {
    name: 'exactMatch',
    words: 'Exactly as the editor wrote',
    explanation: 'Exact matches: share of captions equal to the editor’s text, letter for letter.',
    better: 'higher',
    show: percent,
  },
  {
    name: 'cider',
    words: 'Share the editor’s telling phrases',
    explanation: 'CIDEr: phrases in common with the editor’s text, rare ones counting more. 0 is none, 10 is all.',
    better: 'higher',
    show: (value) => decimal.format(value),
  },
  {
    name: 'contentShare',
    words: 'Say what is in the picture',
    explanation: 'Content kept: share of what pictures show that its captions say.',
    better: 'higher',
    tolerance: 0.02,
    show: percent,
  },
  {
    name: 'distinctRatio',
    words: 'Differ from picture to picture',
    explanation: 'Distinct captions of all captions.',
    better: 'higher',
    show: percent,
  },
  {
    name: 'stoppedShare',
    words: 'Come to an end',
    explanation: 'Share of captions that end by themselves instead of being cut off.',
    better: 'higher',
    show: percent,
  },
  {
    name: 'meanLength',
    words: 'Length',
    explanation: 'Mean number of tokens, the pieces of words that the model writes.',
    show: (value) => `${short.format(value)} tokens`,
  },
];

export type Change = 'better' | 'worse' | 'borne' | 'same';

/** What a change from `before` to `after` means, where it shows at all in the figures’ own precision. */
export function changeOf(
  kind: FigureKind,
  before: number | null | undefined,
  after: number | null | undefined,
): Change {
  if (typeof before !== 'number' || typeof after !== 'number' || !kind.better) return 'same';
  if (kind.show(before) === kind.show(after)) return 'same';
  if (after < before === (kind.better === 'lower')) return 'better';
  return Math.abs(after - before) <= before * (kind.tolerance ?? 0) ? 'borne' : 'worse';
}

export const figureOf = (figures: CaptionFigures | undefined, { name }: FigureKind): number | null =>
  figures?.[name] ?? null;
