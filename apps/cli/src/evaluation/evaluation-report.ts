import type { DomainScores, EvaluationScores } from './score-by-domain.js';

type ReportedScores = EvaluationScores & { readonly domains?: Readonly<Record<string, DomainScores>> };

/** For people: one metric a line, four decimals; a column for each domain before the one of all pictures. */
export function scoreTable({ domains = {}, ...entire }: ReportedScores, numPictures: number): string {
  const columns = [...Object.values(domains), entire];
  const rows: [string, (scores: EvaluationScores) => number | undefined, string?][] = [
    ...entire.bleu.map((_, order): [string, (scores: EvaluationScores) => number | undefined] => [
      `BLEU-${order + 1}`,
      ({ bleu }) => bleu[order],
    ]),
    ['METEOR', ({ meteor }) => meteor],
    ['ROUGE-L', ({ rougeL }) => rougeL],
    ['CIDEr', ({ cider }) => cider, 'as the COCO code and papers have it: CIDEr-D'],
    ['plain CIDEr', ({ ciderPlain }) => ciderPlain, 'as first defined, without clipping and length penalty'],
    ['SPICE', ({ spice }) => spice],
  ];
  const lines = rows.flatMap(([name, of, note]) => {
    if (of(entire) === undefined) return [];
    const figures = columns.map((scores) => of(scores)?.toFixed(4) ?? '');
    return [`${line(name, figures)}${note && figures.length === 1 ? `  ${note}` : ''}`];
  });
  const pictures = `${numPictures} ${numPictures === 1 ? 'picture' : 'pictures'}`;
  const names = Object.keys(domains);
  const head = [
    line('', [...names, 'entire']),
    line('pictures', [...Object.values(domains).map((domain) => String(domain.pictures)), String(numPictures)]),
  ];
  return [pictures, ...(names.length > 0 ? head : []), ...lines].join('\n');
}

const line = (name: string, cells: readonly string[]): string =>
  name.padEnd(12) + cells.map((cell) => cell.padStart(cells.length === 1 ? 8 : 13)).join('');
