import type { EvaluationScores } from '../evaluation/score-by-domain.js';
import { linePlot, type PlotSeries } from '../plots/line-plot.js';
import { sideBySide } from '../plots/side-by-side.js';
import { grouped, seconds } from '../wording.js';
import type { CellResult } from './cell-results.js';
import { networkName, networkOf } from './grid-cell.js';
import { FIGURE_7_IN_WORDS } from './paper.js';
import { conditions, markdownTable, type Report, type ReportContext } from './report.js';

/** Figure 7: scores by prefix length, of pictures that were learned and of others; as lines and as a table. */
export function figureReport(results: readonly CellResult[], context: ReportContext): Report {
  const test = results[0]?.tests[0];
  const compared = results[0]?.compared?.heldOut;
  const markdown = [
    '# Figure 7',
    '',
    conditions(results, context),
    '',
    ...(compared
      ? [
          `Lines: ${compared.pictures} pictures of ${test!.name} and as many of those learned, with ${compared.references} of their references each, so that both can be compared.`,
          '',
        ]
      : []),
    '![BLEU-4 and CIDEr by prefix length](figure-7.svg)',
    '',
    table(results),
    '',
    FIGURE_7_IN_WORDS,
    '',
  ].join('\n');
  return { name: 'figure-7.md', markdown, plots: { 'figure-7.svg': plot(results) } };
}

const METRICS: readonly (readonly [name: string, of: (scores: EvaluationScores) => number])[] = [
  ['BLEU-4', ({ bleu }) => bleu[3]!],
  ['CIDEr', ({ cider }) => cider],
];

function plot(results: readonly CellResult[]): string {
  const networks = [...new Set(results.map(({ cell }) => networkOf(cell)))];
  return sideBySide(
    METRICS.map(([metric, of]) =>
      linePlot({
        title: `${metric} by prefix length`,
        xLabel: 'prefix length',
        yLabel: metric,
        logX: true,
        series: networks.flatMap((network) => linesOf(network, results, of)),
      }),
    ),
  );
}

/** Held out whole, learned dashed. */
function linesOf(
  network: string,
  results: readonly CellResult[],
  of: (scores: EvaluationScores) => number,
): PlotSeries[] {
  const own = results.filter(({ cell }) => networkOf(cell) === network);
  const name = networkName(own[0]!.cell);
  const line = (side: 'heldOut' | 'learned') =>
    own.flatMap(({ cell, compared }) => (compared ? [[cell.prefixLength, of(compared[side].scores)] as const] : []));
  return [
    { name: `${name}: new pictures`, points: line('heldOut') },
    { name: `${name}: learned ones`, points: line('learned'), isDashed: true },
  ];
}

function table(results: readonly CellResult[]): string {
  const head = ['', 'prefix', 'BLEU-4 new', 'learned', 'CIDEr new', 'learned', 'BLEU-4, all references', 'CIDEr', 'last loss', 'parameters trained', 'training', 'processor']; // prettier-ignore
  return markdownTable(
    head,
    results.map(({ cell, compared, tests, training }) => [
      networkName(cell),
      String(cell.prefixLength),
      ...METRICS.flatMap(([, of]) =>
        compared ? [of(compared.heldOut.scores).toFixed(3), of(compared.learned.scores).toFixed(3)] : ['–', '–'],
      ),
      ...METRICS.map(([, of]) => of(tests[0]!.scores).toFixed(3)),
      training.loss?.toFixed(3) ?? '–',
      grouped(training.trainableParameters),
      seconds(training.seconds),
      seconds(training.cpuSeconds),
    ]),
  );
}
