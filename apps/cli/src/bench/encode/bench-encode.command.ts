import { writeFile } from 'node:fs/promises';
import type { Precision } from '@housestyle/clipcap';
import { OnnxGraphRunner, type Device } from '@housestyle/runtime';
import { ProgressBar } from '../../progress-bar.js';
import { EXIT_OK, type Terminal } from '../../terminal.js';
import { openBenchModel, type ModelChoice } from '../bench-model.js';
import { columns, machine } from '../measure/report.js';
import { plotCases } from '../measure/case-plot.js';
import { ProductLimits, reachedLimit, shareText } from '../measure/product-limits.js';
import { operationsOf, type MatrixProduct } from '../measure/roofline.js';
import { rounded, spread, type Spread } from '../measure/spread.js';
import type { Elapsed } from '../measure/stopwatch.js';
import { madeUpPictures, sizeOf } from '../synthetic/made-up-pictures.js';
import { clipProducts } from './clip-products.js';
import { ENCODE_STAGES, EncodeBench, type StageTimes } from './encode-bench.js';

export interface BenchEncodeOptions extends ModelChoice {
  /** sizes of pictures, in millions of pixels. */
  readonly megapixels: readonly number[];
  readonly batch: readonly number[];
  readonly precision: readonly Precision[];
  /** every case in this way too. */
  readonly shrinkOnLoad: boolean;
  readonly device: Device;
  readonly threads: number;
  readonly rounds: number;
  readonly warmUp: number;
  readonly roofline: boolean;
  readonly plot?: string;
  readonly json: boolean;
}

interface EncodeCase {
  readonly megapixels: number;
  readonly width: number;
  readonly height: number;
  readonly batch: number;
  readonly precision: Precision;
  readonly shrinkOnLoad: boolean;
  readonly files: readonly Uint8Array[];
}

/** Measures the way from a JPEG to a prefix, stage by stage, and prints the figures. @returns the exit code */
export async function benchEncode(options: BenchEncodeOptions, terminal: Terminal): Promise<number> {
  const { device, threads, rounds, warmUp } = options;
  const model = await openBenchModel(options);
  const runner = new OnnxGraphRunner({ device, threads });
  const benches = new Map<Precision, EncodeBench>();
  for (const precision of options.precision) benches.set(precision, await EncodeBench.load(model, runner, precision));
  const cases = await makeCases(options);
  const products = options.roofline && device === 'cpu' ? clipProducts(model.clip) : undefined;
  const { runs, peakMemoryBytes } = await runRounds(benches, cases, products, options, terminal);
  for (const bench of benches.values()) await bench.release();
  const operations = operationsOf(products ?? []);
  const reports = cases.map((encodeCase, index) => reportOf(encodeCase, runs[index]!, operations));
  const report = { model: model.name, ...machine(), device, threads, warmUp, rounds, peakMemoryBytes, cases: reports };
  terminal.print(options.json ? JSON.stringify(report) : tableOf(report));
  if (options.plot) await draw(options.plot, reports, terminal);
  return EXIT_OK;
}

/** Every case once a round; behind the first of a batch size and precision its limit. */
async function runRounds(
  benches: ReadonlyMap<Precision, EncodeBench>,
  cases: readonly EncodeCase[],
  products: readonly MatrixProduct[] | undefined,
  { threads, rounds, warmUp, precision: precisions }: BenchEncodeOptions,
  terminal: Terminal,
) {
  const bar = new ProgressBar(terminal, (warmUp + rounds) * cases.length);
  const runs = cases.map((): EncodeRun[] => []);
  let [limits, peakMemoryBytes]: [ProductLimits | undefined, number] = [undefined, 0];
  for (let round = 0; round < warmUp + rounds; round++) {
    if (round === warmUp) {
      peakMemoryBytes = process.resourceUsage().maxRSS * 1024;
      limits = products && (await ProductLimits.load(products, new OnnxGraphRunner({ threads }), precisions));
    }
    const measured = new Map<string, Elapsed | undefined>();
    for (const [index, { precision, shrinkOnLoad, batch, files }] of cases.entries()) {
      const { stages } = await benches.get(precision)!.run(files, shrinkOnLoad);
      const key = `${precision} ${batch}`;
      if (round >= warmUp && !measured.has(key)) measured.set(key, await limits?.of(precision, batch));
      if (round >= warmUp) runs[index]!.push({ stages, limit: measured.get(key) });
      bar.advance(1);
    }
  }
  await limits?.release();
  bar.clear();
  return { runs, peakMemoryBytes };
}

interface EncodeRun {
  readonly stages: StageTimes;
  /** what CLIP's products alone would have taken in that round. */
  readonly limit: Elapsed | undefined;
}

async function makeCases(options: BenchEncodeOptions): Promise<EncodeCase[]> {
  const { megapixels, batch, precision: precisions } = options;
  const cases: EncodeCase[] = [];
  for (const ofMegapixels of megapixels) {
    const size = sizeOf(ofMegapixels);
    const pictures = await madeUpPictures(DIFFERENT_PICTURES, size);
    for (const ofBatch of batch) {
      const files = Array.from({ length: ofBatch }, (_, n) => pictures[n % pictures.length]!);
      for (const precision of precisions) {
        for (const shrinkOnLoad of options.shrinkOnLoad ? [false, true] : [false]) {
          cases.push({ megapixels: ofMegapixels, ...size, batch: ofBatch, precision, shrinkOnLoad, files });
        }
      }
    }
  }
  return cases;
}

/** More would only take time to make: what a picture costs depends on its size. */
const DIFFERENT_PICTURES = 2;

/** @param operations of CLIP's products, of one picture */
function reportOf(encodeCase: EncodeCase, runs: readonly EncodeRun[], operations: number) {
  const { files, ...settings } = encodeCase;
  const { batch } = settings;
  const perPicture = (msOf: (stages: StageTimes) => number): Spread =>
    spread(runs.map(({ stages }) => msOf(stages) / batch))!;
  const stageOf = (stage: (typeof ENCODE_STAGES)[number]) => ({
    wallMs: perPicture((stages) => stages[stage].wallMs),
    processorMs: perPicture((stages) => stages[stage].cpuMs),
  });
  const all = (figure: 'wallMs' | 'cpuMs') =>
    perPicture((stages) => ENCODE_STAGES.reduce((sum, stage) => sum + stages[stage][figure], 0));
  const together = { wallMs: all('wallMs'), processorMs: all('cpuMs') };
  const clipRuns = runs.map(({ stages, limit }) => ({ cpuMs: stages.clip.cpuMs, limit }));
  const reached = reachedLimit(clipRuns, operations * batch);
  return {
    ...settings,
    bytes: Math.round(files.reduce((sum, file) => sum + file.length, 0) / files.length),
    /** of one picture. */
    stages: Object.fromEntries(ENCODE_STAGES.map((stage) => [stage, stageOf(stage)])),
    together,
    /** CLIP's matrix products alone, of one picture; absent where that was not measured. */
    ...(reached && { roofline: { ...reached, processorMs: rounded(reached.processorMs / batch) } }),
    imagesPerSecond: rounded(1000 / together.wallMs.median),
    imagesPerProcessorSecond: rounded(1000 / together.processorMs.median),
  };
}

export type EncodeCaseReport = ReturnType<typeof reportOf>;

function tableOf(
  report: ReturnType<typeof machine> & {
    model: string;
    device: string;
    threads: number;
    rounds: number;
    cases: EncodeCaseReport[];
  },
) {
  const { model, device, processor, cores, threads, rounds, cases } = report;
  const header = [
    'picture',
    'batch',
    'precision',
    'shrunk on load',
    ...ENCODE_STAGES.map((stage) => `${stage} ms`),
    'together ms',
    'images/s of a core',
    'CLIP: limit GFLOP/s',
    'share of the limit',
  ];
  const rows = cases.map(
    ({ width, height, batch, precision, shrinkOnLoad, stages, together, imagesPerProcessorSecond, roofline }) => [
      `${width} × ${height}`,
      String(batch),
      precision,
      shrinkOnLoad ? 'yes' : 'no',
      ...ENCODE_STAGES.map((stage) => String(stages[stage]!.processorMs.median)),
      String(together.processorMs.median),
      String(imagesPerProcessorSecond),
      roofline ? String(roofline.gflops) : '–',
      roofline ? shareText(roofline) : '–',
    ],
  );
  const heading = `${model}; ${device}, ${threads} of ${cores} cores, ${processor}; milliseconds of a core for one picture, medians of ${rounds} rounds`;
  return `${heading}\n\n${columns([header, ...rows])}`;
}

async function draw(file: string, reports: readonly EncodeCaseReport[], terminal: Terminal): Promise<void> {
  const cases = reports.flatMap(({ megapixels, batch, precision, shrinkOnLoad, stages, together }) => {
    const settings = { megapixels, batch, precision, decoding: shrinkOnLoad ? 'shrunk on load' : 'whole' };
    return [
      ...ENCODE_STAGES.map((stage) => ({ settings: { ...settings, stage }, value: stages[stage]!.processorMs.median })),
      { settings: { ...settings, stage: 'together' }, value: together.processorMs.median },
    ];
  });
  const labels = {
    megapixels: 'millions of pixels',
    batch: 'images in a batch',
    precision: '',
    decoding: '',
    stage: '',
  };
  const svg = plotCases(cases, { title: 'From a JPEG to a prefix', yLabel: 'ms of a core for one image', labels });
  if (svg) await writeFile(file, svg);
  else terminal.complain('nothing varies: no curve is drawn');
}
