import { writeFile } from 'node:fs/promises';
import type { Precision } from '@housestyle/clipcap';
import { OnnxGraphRunner, type Device } from '@housestyle/runtime';
import { ProgressBar } from '../../progress-bar.js';
import { EXIT_OK, type Terminal } from '../../terminal.js';
import { openBenchModel, type ModelChoice } from '../bench-model.js';
import { columns, machine } from '../measure/report.js';
import { plotCases } from '../measure/case-plot.js';
import { rounded, spread, type Spread } from '../measure/spread.js';
import { madeUpPictures, sizeOf } from '../synthetic/made-up-pictures.js';
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
  const bar = new ProgressBar(terminal, (warmUp + rounds) * cases.length);
  const runs = cases.map((): StageTimes[] => []);
  for (let round = 0; round < warmUp + rounds; round++) {
    for (const [index, { precision, shrinkOnLoad, files }] of cases.entries()) {
      const { stages } = await benches.get(precision)!.run(files, shrinkOnLoad);
      if (round >= warmUp) runs[index]!.push(stages);
      bar.advance(1);
    }
  }
  for (const bench of benches.values()) await bench.release();
  bar.clear();
  const reports = cases.map((encodeCase, index) => reportOf(encodeCase, runs[index]!));
  const peakMemoryBytes = process.resourceUsage().maxRSS * 1024;
  const report = { model: model.name, ...machine(), device, threads, warmUp, rounds, peakMemoryBytes, cases: reports };
  terminal.print(options.json ? JSON.stringify(report) : tableOf(report));
  if (options.plot) await draw(options.plot, reports, terminal);
  return EXIT_OK;
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

function reportOf(encodeCase: EncodeCase, runs: readonly StageTimes[]) {
  const { files, ...settings } = encodeCase;
  const { batch } = settings;
  const perPicture = (msOf: (stages: StageTimes) => number): Spread =>
    spread(runs.map((stages) => msOf(stages) / batch))!;
  const stageOf = (stage: (typeof ENCODE_STAGES)[number]) => ({
    wallMs: perPicture((stages) => stages[stage].wallMs),
    processorMs: perPicture((stages) => stages[stage].cpuMs),
  });
  const all = (figure: 'wallMs' | 'cpuMs') =>
    perPicture((stages) => ENCODE_STAGES.reduce((sum, stage) => sum + stages[stage][figure], 0));
  const together = { wallMs: all('wallMs'), processorMs: all('cpuMs') };
  return {
    ...settings,
    bytes: Math.round(files.reduce((sum, file) => sum + file.length, 0) / files.length),
    /** of one picture. */
    stages: Object.fromEntries(ENCODE_STAGES.map((stage) => [stage, stageOf(stage)])),
    together,
    imagesPerSecond: rounded(1000 / together.wallMs.median),
    imagesPerProcessorSecond: rounded(1000 / together.processorMs.median),
  };
}

type CaseReport = ReturnType<typeof reportOf>;

function tableOf(
  report: ReturnType<typeof machine> & {
    model: string;
    device: string;
    threads: number;
    rounds: number;
    cases: CaseReport[];
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
  ];
  const rows = cases.map(
    ({ width, height, batch, precision, shrinkOnLoad, stages, together, imagesPerProcessorSecond }) => [
      `${width} × ${height}`,
      String(batch),
      precision,
      shrinkOnLoad ? 'yes' : 'no',
      ...ENCODE_STAGES.map((stage) => String(stages[stage]!.processorMs.median)),
      String(together.processorMs.median),
      String(imagesPerProcessorSecond),
    ],
  );
  const heading = `${model}; ${device}, ${threads} of ${cores} cores, ${processor}; milliseconds of a core for one picture, medians of ${rounds} rounds`;
  return `${heading}\n\n${columns([header, ...rows])}`;
}

async function draw(file: string, reports: readonly CaseReport[], terminal: Terminal): Promise<void> {
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
