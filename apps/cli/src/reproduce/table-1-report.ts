import type { EvaluationScores } from '../evaluation/score-by-domain.js';
import { grouped, seconds } from '../wording.js';
import type { CellResult, SetScores } from './cell-results.js';
import { NETWORK_NAMES, networkName, networkOf } from './grid-cell.js';
import { PAPER, PAPER_ROWS, type PaperRow, type PaperScores } from './paper.js';
import { conditions, markdownTable, type Report, type ReportContext } from './report.js';

/** Table 1: a table for each test set; the paper's own numbers stand in it where the set is the paper's. */
export function tableReport(results: readonly CellResult[], context: ReportContext): Report {
  const names = results[0]?.tests.map(({ name }) => name) ?? [];
  const sections = names.flatMap((name, n) => tablesOf(name, results.map((result) => ({ result, set: result.tests[n]! })))); // prettier-ignore
  const isPapers = names.some((name) => PAPER_ROWS[name] !== undefined);
  const shape = isPapers
    ? []
    : [
        '## Beside it: the paper, on COCO',
        '',
        'Other pictures, other sizes: only the order of the rows compares.',
        '',
        paperTable('coco'),
      ];
  const markdown = [
    '# Table 1',
    '',
    conditions(results, context),
    '',
    ...sections,
    ...shape,
    '',
    `Paper: ${PAPER}.`,
    '',
  ];
  return { name: 'table-1.md', markdown: markdown.join('\n'), plots: {} };
}

interface Column {
  readonly head: string;
  readonly own: (scores: EvaluationScores) => number | undefined;
  readonly papers: (scores: PaperScores) => number | undefined;
}

const COLUMNS: readonly Column[] = [
  { head: 'BLEU-4', own: ({ bleu }) => bleu[3], papers: ({ bleu4 }) => bleu4 },
  { head: 'METEOR', own: ({ meteor }) => meteor, papers: ({ meteor }) => meteor },
  { head: 'ROUGE-L', own: ({ rougeL }) => rougeL, papers: ({ rougeL }) => rougeL },
  { head: 'CIDEr', own: ({ cider }) => cider, papers: ({ cider }) => cider },
  { head: 'SPICE', own: ({ spice }) => spice, papers: ({ spice }) => spice },
];

interface Row {
  readonly result: CellResult;
  readonly set: SetScores;
}

/** All pictures, then each domain's. */
function tablesOf(name: string, rows: readonly Row[]): string[] {
  const domains = Object.keys(rows[0]?.set.domains ?? {});
  return [
    `## ${name}`,
    '',
    scoreTable(
      rows,
      ({ set }) => set.scores,
      (result) => paperRow(name, result)?.scores,
    ),
    '',
    ...domains.flatMap((domain) => [
      `### ${name}, ${domain}`,
      '',
      scoreTable(
        rows,
        ({ set }) => set.domains?.[domain],
        (result) => paperRow(name, result)?.domains?.[domain],
      ),
      '',
    ]),
  ];
}

const paperRow = (name: string, { cell }: CellResult): PaperRow | undefined => PAPER_ROWS[name]?.[networkOf(cell)];

function scoreTable(
  rows: readonly Row[],
  scoresOf: (row: Row) => EvaluationScores | undefined,
  paperOf: (result: CellResult) => PaperScores | undefined,
): string {
  const shown = COLUMNS.filter(({ own }) => rows.some((row) => own(scoresOf(row)!) !== undefined));
  const hasPaper = ({ papers }: Column): boolean =>
    rows.some(({ result }) => papers(paperOf(result) ?? NO_SCORES) !== undefined);
  const head = [
    '',
    ...shown.flatMap((column) => [column.head, ...(hasPaper(column) ? ['(paper)'] : [])]),
    'different captions',
    'parameters trained',
    'training',
    'processor',
  ];
  const cells = rows.map((row) => {
    const { result, set } = row;
    const [own, papers] = [scoresOf(row)!, paperOf(result) ?? NO_SCORES];
    return [
      networkName(result.cell),
      ...shown.flatMap((column) => [
        hundredths(column.own(own)),
        ...(hasPaper(column) ? [plain(column.papers(papers))] : []),
      ]),
      `${(100 * set.distinct).toFixed(0)} %`,
      grouped(result.training.trainableParameters),
      seconds(result.training.seconds),
      seconds(result.training.cpuSeconds),
    ];
  });
  return markdownTable(head, cells);
}

function paperTable(name: string): string {
  const rows = Object.entries(PAPER_ROWS[name]!);
  const shown = COLUMNS.filter(({ papers }) => rows.some(([, { scores }]) => papers(scores) !== undefined));
  const head = ['', ...shown.map((column) => column.head), 'parameters trained', 'training, GTX 1080'];
  return markdownTable(
    head,
    rows.map(([network, { scores, parameters, hours }]) => [
      NETWORK_NAMES[network]!,
      ...shown.map(({ papers }) => plain(papers(scores))),
      `${parameters} M`,
      `${hours} h`,
    ]),
  );
}

/** The paper prints hundredths. */
const hundredths = (score: number | undefined): string => (score === undefined ? '–' : (100 * score).toFixed(2));
const plain = (score: number | undefined): string => (score === undefined ? '–' : score.toFixed(2));
const NO_SCORES: PaperScores = {};
