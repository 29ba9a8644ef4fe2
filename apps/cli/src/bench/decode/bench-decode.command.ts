import { writeFile } from 'node:fs/promises';
import type { Precision } from '@housestyle/clipcap';
import { OnnxGraphRunner, type Device } from '@housestyle/runtime';
import { ProgressBar } from '../../progress-bar.js';
import { EXIT_OK, type Terminal } from '../../terminal.js';
import { openBenchModel, type BenchModel, type ModelChoice } from '../bench-model.js';
import { plotCases } from '../measure/case-plot.js';
import { ProductLimits } from '../measure/product-limits.js';
import { machine } from '../measure/report.js';
import type { Elapsed } from '../measure/stopwatch.js';
import { DecodeBench } from './decode-bench.js';
import { casesOf, describeCase, type CaseLists, type DecodeCase } from './decode-cases.js';
import { decodeOperations, decodeProducts } from './decode-products.js';
import { profileDecode, profileTable } from './decode-profile.js';
import { decodeTable, reportOfCase, type CaseReport, type DecodeReport } from './decode-report.js';
import { EndToEndBench } from './end-to-end-bench.js';
import { pacedDecode } from './paced-decode.js';

/** Where a run begins: with the mapper's prefixes, or with picture files. */
export const DECODE_SOURCES = ['prefix', 'jpeg'] as const;

export interface BenchDecodeOptions extends ModelChoice, CaseLists {
  readonly from: (typeof DECODE_SOURCES)[number];
  readonly device: Device;
  readonly threads: number;
  readonly rounds: number;
  readonly warmUp: number;
  readonly roofline: boolean;
  /** file of the curve. */
  readonly plot?: string;
  readonly paced: boolean;
  readonly profile: boolean;
  readonly json: boolean;
}

/** A decoder at work, whatever comes before it. */
export type Bench = Pick<DecodeBench, 'config' | 'prefixes' | 'run' | 'release'>;
type Benches = ReadonlyMap<Precision, Bench>;

/** Measures GPT-2's beam search and prints the figures. @returns the exit code */
export async function benchDecode(options: BenchDecodeOptions, terminal: Terminal): Promise<number> {
  const model = await openBenchModel(options);
  const cases = casesOf(options);
  if (options.profile) return profile(model, cases, options, terminal);
  const benches = await loadBenches(model, cases, options);
  try {
    if (options.paced)
      await pacedDecode(benches.get(cases[0]!.precision)!, model, cases[0]!, options.weights, terminal);
    else await measure(benches, model, cases, options, terminal);
  } finally {
    for (const bench of benches.values()) await bench.release();
  }
  return EXIT_OK;
}

async function profile(
  model: BenchModel,
  cases: readonly DecodeCase[],
  options: BenchDecodeOptions,
  terminal: Terminal,
): Promise<number> {
  for (const decodeCase of cases) {
    const profiled = await profileDecode(model, decodeCase, options);
    terminal.print(
      options.json ? JSON.stringify(profiled) : `${describeCase(decodeCase)}\n${profileTable(profiled)}\n`,
    );
  }
  return EXIT_OK;
}

async function loadBenches(
  model: BenchModel,
  cases: readonly DecodeCase[],
  { precision: precisions, device, threads, from, weights }: BenchDecodeOptions,
): Promise<Benches> {
  const runner = new OnnxGraphRunner({ device, threads });
  const benches = new Map<Precision, Bench>();
  for (const precision of precisions) {
    const load = { cases, precision };
    const bench =
      from === 'jpeg'
        ? await EndToEndBench.load(model, runner, { ...load, weights })
        : await DecodeBench.load(model, runner, load);
    benches.set(precision, bench);
  }
  return benches;
}

async function measure(
  benches: Benches,
  model: BenchModel,
  cases: readonly DecodeCase[],
  options: BenchDecodeOptions,
  terminal: Terminal,
): Promise<void> {
  const { from, device, threads, warmUp, rounds } = options;
  const { prefixLength } = model;
  const { runs, peakMemoryBytes } = await runRounds(benches, prefixLength, cases, options, terminal);
  const reports = cases.map((decodeCase, n) => {
    const operations = decodeOperations(benches.get(decodeCase.precision)!.config, decodeCase, prefixLength);
    return reportOfCase({ decodeCase, runs: runs[n]!, operations });
  });
  const report: DecodeReport = {
    model: model.name,
    from,
    ...machine(),
    device,
    threads,
    warmUp,
    rounds,
    peakMemoryBytes,
    cases: reports,
  };
  terminal.print(options.json ? JSON.stringify(report) : decodeTable(report));
  if (options.plot) await draw(options.plot, reports, terminal);
}

/** Every case once a round, so that all of them meet the same machine; its limit right behind it. */
async function runRounds(
  benches: Benches,
  prefixLength: number,
  cases: readonly DecodeCase[],
  { warmUp, rounds, roofline, precision, device, threads }: BenchDecodeOptions,
  terminal: Terminal,
) {
  const total = (warmUp + rounds) * cases.length;
  const bar = new ProgressBar(terminal, total);
  const runs = cases.map((): (Elapsed & { limit?: Elapsed })[] => []);
  let [limits, peakMemoryBytes]: [ProductLimits | undefined, number] = [undefined, 0];
  for (let n = 0; n < total; n++) {
    const index = n % cases.length;
    const decodeCase = cases[index]!;
    const isWarm = n >= warmUp * cases.length;
    if (isWarm && peakMemoryBytes === 0) {
      peakMemoryBytes = process.resourceUsage().maxRSS * 1024;
      const { config } = benches.get(decodeCase.precision)!;
      if (roofline && device === 'cpu')
        limits = await ProductLimits.load(decodeProducts(config), new OnnxGraphRunner({ threads }), precision);
    }
    const bench = benches.get(decodeCase.precision)!;
    const { wallMs, cpuMs } = await bench.run(decodeCase);
    if (isWarm) {
      const operations = decodeOperations(bench.config, decodeCase, prefixLength);
      const limit = await limits?.of(decodeCase.precision, decodeCase.batch * decodeCase.numBeams, operations);
      runs[index]!.push({ wallMs, cpuMs, ...(limit && { limit }) });
    }
    bar.show(n + 1, total, describeCase(decodeCase));
  }
  await limits?.release();
  bar.clear();
  return { runs, peakMemoryBytes };
}

async function draw(file: string, reports: readonly CaseReport[], terminal: Terminal): Promise<void> {
  const cases = reports.map(({ batch, numBeams, tokens, tenants, precision, imagesPerProcessorSecond }) => ({
    settings: { batch, numBeams, tokens, tenants, precision },
    value: imagesPerProcessorSecond,
  }));
  const title = 'Captions by GPT-2';
  const svg = plotCases(cases, { title, yLabel: 'images a second of one core', labels: LABELS });
  if (svg) await writeFile(file, svg);
  else terminal.complain('nothing varies: no curve is drawn');
}

const LABELS = {
  batch: 'images in a batch',
  numBeams: 'beams',
  tokens: 'tokens of a caption',
  tenants: 'tenants whose deltas are mixed',
  precision: '',
};
