import { reachedLimit, shareText, type ReachedLimit } from '../measure/product-limits.js';
import { columns, type machine } from '../measure/report.js';
import { rounded, spread, type Spread } from '../measure/spread.js';
import type { Elapsed } from '../measure/stopwatch.js';
import { describeCase, type DecodeCase } from './decode-cases.js';

/** What one case gave, run by run; `limit` is what its matrix products alone would have taken in that round. */
export interface MeasuredCase {
  readonly decodeCase: DecodeCase;
  readonly runs: readonly (Elapsed & { readonly limit?: Elapsed })[];
  /** operations of the matrix products. */
  readonly operations: number;
}

export interface CaseReport extends DecodeCase {
  readonly seconds: Spread;
  readonly processorSeconds: Spread;
  readonly imagesPerSecond: number;
  /** images by seconds of one core: what neighbours on the machine disturb least. */
  readonly imagesPerProcessorSecond: number;
  readonly tokensPerSecond: number;
  /** of the matrix products alone; absent where it was not asked for. */
  readonly roofline?: ReachedLimit & {
    /** images a processor second if there were nothing but matrix products. */
    readonly imagesPerProcessorSecond: number;
  };
}

export function reportOfCase({ decodeCase, runs, operations }: MeasuredCase): CaseReport {
  const seconds = spread(runs.map(({ wallMs }) => wallMs / 1000))!;
  const processorSeconds = spread(runs.map(({ cpuMs }) => cpuMs / 1000))!;
  const { batch, tokens } = decodeCase;
  const reached = reachedLimit(runs, operations);
  return {
    ...decodeCase,
    seconds,
    processorSeconds,
    imagesPerSecond: rounded(batch / seconds.median),
    imagesPerProcessorSecond: rounded(batch / processorSeconds.median),
    tokensPerSecond: rounded((batch * tokens) / seconds.median),
    ...(reached && {
      roofline: { ...reached, imagesPerProcessorSecond: rounded((batch * 1000) / reached.processorMs) },
    }),
  };
}

export interface DecodeReport extends ReturnType<typeof machine> {
  readonly model: string;
  /** what a run begins with. */
  readonly from: string;
  readonly device: string;
  readonly threads: number;
  readonly warmUp: number;
  readonly rounds: number;
  /** before the limits were measured, which take memory of their own. */
  readonly peakMemoryBytes: number;
  readonly cases: readonly CaseReport[];
}

/** For people: a line for each case. */
export function decodeTable({
  model,
  from,
  device,
  processor,
  cores,
  threads,
  rounds,
  peakMemoryBytes,
  cases,
}: DecodeReport) {
  const header = ['case', 'images/s', 'images/s of a core', 'tokens/s', 's/run (min–max)'];
  if (cases.some(({ roofline }) => roofline)) header.push('limit GFLOP/s', 'share of the limit');
  const rows = cases.map((each) => {
    const { seconds, roofline } = each;
    const cells = [
      describeCase(each),
      String(each.imagesPerSecond),
      String(each.imagesPerProcessorSecond),
      String(each.tokensPerSecond),
      `${seconds.median} (${seconds.min}–${seconds.max})`,
    ];
    if (roofline) cells.push(String(roofline.gflops), shareText(roofline));
    return cells;
  });
  return [
    `${model}; from ${from}; ${device}, ${threads} of ${cores} cores, ${processor}; medians of ${rounds} rounds`,
    `peak memory ${(peakMemoryBytes / 1e9).toFixed(2)} GB`,
    '',
    columns([header, ...rows]),
  ].join('\n');
}
