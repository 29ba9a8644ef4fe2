/** One side's figures; what is missing is not shown. */
export interface ShownFigures {
  readonly editDistance?: number | null | undefined;
  readonly cider?: number | null | undefined;
  readonly exactMatch?: number | null | undefined;
  readonly contentShare?: number | null | undefined;
  readonly distinctRatio?: number | null | undefined;
  readonly meanLength?: number | null | undefined;
  readonly stoppedShare?: number | null | undefined;
}

type Row = readonly [name: string, key: keyof ShownFigures, show: (value: number) => string, note: string];

const plain = (value: number): string => value.toFixed(3);
const share = (value: number): string => `${(100 * value).toFixed(1)} %`;

const ROWS: readonly Row[] = [
  ['edit distance', 'editDistance', plain, 'to what people wrote, 0 to 1; lower is better'],
  ['CIDEr', 'cider', plain, 'higher is better'],
  ['word for word', 'exactMatch', share, 'captions exactly as people wrote them'],
  ['content', 'contentShare', share, 'of what pictures show, said'],
  ['distinct', 'distinctRatio', share, 'different captions of all'],
  ['length', 'meanLength', (value) => value.toFixed(1), 'tokens'],
  ['ends by itself', 'stoppedShare', share, 'captions that are not cut off'],
];

/** Champion and candidate side by side, a figure a line. */
export function figureTable(figures: {
  readonly champion?: ShownFigures | undefined;
  readonly candidate?: ShownFigures | undefined;
}): string {
  const lines = ROWS.flatMap(([name, key, show, note]) => {
    const [before, after] = [figures.champion?.[key], figures.candidate?.[key]];
    if (before === undefined && after === undefined) return [];
    const cells = [before, after].map((value) => (typeof value === 'number' ? show(value) : '–').padStart(9));
    return [`${name.padEnd(14)}${cells.join('')}   ${note}`];
  });
  return [`${''.padEnd(14)}${'before'.padStart(9)}${'after'.padStart(9)}`, ...lines].join('\n');
}

/** A held-out caption: what a person wrote, and both sides' own. */
export const exampleLines = (texts: {
  readonly reference: string;
  readonly before: string;
  readonly after: string;
}): string[] => [`  before  ${texts.before}`, `  after   ${texts.after}`, `  wanted  ${texts.reference}`];

/** What was learned, and what was judged by. */
export function howJudged(
  isCrossValidated: boolean,
  { training, holdOut }: { readonly training: number; readonly holdOut: number },
): string {
  if (isCrossValidated) return `${training + holdOut} captions, each judged by a mapper that had not learned it`;
  return `${training} captions learned, ${holdOut} held out to judge by`;
}
