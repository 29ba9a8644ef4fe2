import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeBaseModel } from '@housestyle/checkpoints';
import type { Precision } from '@housestyle/clipcap';
import { ModelLibrary } from '../../model-library.js';
import { ProgressBar } from '../../progress-bar.js';
import { EXIT_OK, type Terminal } from '../../terminal.js';
import { openBenchFolder, type BenchSize } from '../bench-model.js';
import { columns, machine } from '../measure/report.js';
import { rounded, spread } from '../measure/spread.js';
import type { HeldUp } from './loop-probe.js';
import {
  PipelineBench,
  WATCHED,
  type PipelineRun,
  type ProcessorSeconds,
  type Sample,
  type Watched,
} from './pipeline-bench.js';
import { meanBetween } from './scraped-metrics.js';

export interface BenchPipelineOptions {
  readonly model: string;
  /** in place of the model. */
  readonly synthetic?: BenchSize;
  readonly weights: string;
  readonly precision: Precision;
  readonly captionerCores: number;
  readonly images: number;
  readonly tenants: number;
  readonly megapixels: number;
  readonly rounds: number;
  readonly json: boolean;
}

/** Measures the running pipeline against its captioner alone, in turns, and prints the figures. @returns the exit code */
export async function benchPipeline(options: BenchPipelineOptions, terminal: Terminal): Promise<number> {
  const { rounds, synthetic, weights } = options;
  const directory = synthetic
    ? await openBenchFolder(synthetic, weights)
    : await (await ModelLibrary.find()).resolve(options.model);
  const { name } = await describeBaseModel(directory);
  const folder = await mkdtemp(join(tmpdir(), 'housestyle-bench-'));
  const bar = new ProgressBar(terminal, 2 * (rounds + 1));
  try {
    const bench = await PipelineBench.start({ ...options, model: { directory, name }, folder });
    let measured: Measured;
    try {
      measured = await measure(bench, options, bar);
    } finally {
      await bench.stop();
    }
    bar.clear();
    const report = reportOf(options, measured);
    terminal.print(options.json ? JSON.stringify(report) : tableOf(report));
    return EXIT_OK;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function measure(
  bench: PipelineBench,
  { images, rounds }: BenchPipelineOptions,
  bar: ProgressBar,
): Promise<Measured> {
  const start = await bench.sample();
  const measured: Round[] = [];
  for (let round = 0; round <= rounds; round++) {
    const captioner = await bench.runCaptioner(images);
    bar.advance(1);
    measured.push({ captioner, pipeline: await bench.runPipeline(images) });
    bar.advance(1);
  }
  return { start, rounds: measured.slice(1), latencies: await bench.latencies(ALONE) };
}

/** pictures that are captioned alone, for how long one takes */
const ALONE = 21;

type Latencies = Awaited<ReturnType<PipelineBench['latencies']>>;

interface Round {
  readonly captioner: Awaited<ReturnType<PipelineBench['runCaptioner']>>;
  readonly pipeline: PipelineRun;
}

interface Measured {
  /** before the first picture. */
  readonly start: Sample;
  /** behind the first one, which warms up. */
  readonly rounds: readonly Round[];
  readonly latencies: Latencies;
}

function reportOf(options: BenchPipelineOptions, { start, rounds: measured, latencies }: Measured) {
  const { images, tenants, megapixels, rounds, precision, captionerCores } = options;
  const runs = measured.map(({ pipeline }) => pipeline);
  const processor = processorOf(runs, images);
  const captionerMs = spread(
    measured.flatMap(({ captioner }) =>
      captioner.processor === undefined ? [] : [(1000 * captioner.processor) / images],
    ),
  );
  const { cores } = machine();
  const imagesPerSecond = spread(runs.map(({ wallMs }) => (images * 1000) / wallMs))!;
  const allowedPerSecond = processor && allowedBy(processor, cores, captionerCores);
  return {
    model: options.synthetic ? `${options.synthetic}, random weights` : options.model,
    precision,
    ...machine(),
    captionerCores,
    images,
    tenants,
    megapixels,
    rounds,
    captioner: {
      imagesPerSecond: spread(measured.map(({ captioner }) => (images * 1000) / captioner.wallMs))!,
      /** of one image. */
      processorMs: captionerMs,
      /** of one picture while nothing else is done. */
      latencyMs: spread(latencies.captionerMs)!,
      ...watchedOf('captioner', start, runs),
    },
    pipeline: {
      imagesPerSecond,
      /** of one picture, from its landing to its suggestion, while nothing else is done. */
      latencyMs: spread(latencies.pipelineMs)!,
      /** of one image, by who spent it. */
      processorMs: processor,
      /** images a second if all cores did nothing but these stages, and how much of that is reached. */
      ...(allowedPerSecond && {
        allowedPerSecond: rounded(allowedPerSecond),
        shareOfAllowed: rounded(imagesPerSecond.median / allowedPerSecond),
      }),
      /** the mean of one image or one call, waiting for a core included. */
      stages: stagesOf(runs),
      ...watchedOf('pipeline', start, runs),
    },
    /** images by wall-clock time: of the pipeline's rate, how much is the captioner's alone. */
    ratio: spread(measured.map(({ captioner, pipeline }) => captioner.wallMs / pipeline.wallMs))!,
  };
}

type Report = ReturnType<typeof reportOf>;

function processorOf(runs: readonly PipelineRun[], images: number) {
  const of = (part: keyof ProcessorSeconds) =>
    spread(runs.flatMap(({ processor }) => (processor ? [(1000 * processor[part]) / images] : [])));
  const [captioner, pipeline, decoding, database] = [of('captioner'), of('pipeline'), of('decoding'), of('database')];
  return captioner && pipeline && decoding && database && { captioner, pipeline, decoding, database };
}

/** Images a second; where the captioner has cores of its own, what the slower side allows. */
function allowedBy(processor: NonNullable<ReturnType<typeof processorOf>>, cores: number, captionerCores: number) {
  const { captioner, ...others } = processor;
  const othersMs = Object.values(others).reduce((sum, { median }) => sum + median, 0);
  if (captionerCores === 0) return (1000 * cores) / (captioner.median + othersMs);
  return Math.min((1000 * captionerCores) / captioner.median, (1000 * (cores - captionerCores)) / othersMs);
}

function stagesOf(runs: readonly PipelineRun[]) {
  const mean = (histogram: string, factor: number) => {
    const means = runs.flatMap(({ samples }) => {
      const value = meanBetween(samples[0]!.pipeline, samples.at(-1)!.pipeline, `housestyle_pipeline_${histogram}`);
      return value === undefined ? [] : [value * factor];
    });
    return spread(means)?.median ?? 0;
  };
  return {
    prepareMs: mean('prepare_seconds', 1000),
    callMs: mean('call_seconds', 1000),
    itemsPerCall: mean('call_items', 1),
  };
}

function watchedOf(program: Watched, start: Sample, runs: readonly PipelineRun[]) {
  const heldUp = runs.flatMap((run) => run.heldUp[program] ?? []);
  const of = (figure: keyof HeldUp) => spread(heldUp.map((each) => each[figure]));
  const [most, mostOnCore] = [of('most'), of('mostOnCore')];
  const residentIn = (sample: Sample) => sample[program].get('process_resident_memory_bytes') ?? 0;
  const resident = runs.flatMap(({ samples }) => samples.map(residentIn));
  return {
    /** while pictures came, by the clock, and without what it waited for a core. */
    eventLoopHeldUpMs: most && mostOnCore && { most, mostOnCore },
    /** before the first picture, after the warm-up, when all were done, and the most since the warm-up. */
    residentMemoryBytes: {
      start: residentIn(start),
      warm: resident[0]!,
      end: resident.at(-1)!,
      most: Math.max(...resident),
    },
  };
}

function tableOf(report: Report): string {
  const { model, precision, cores, captionerCores, processor, images, tenants, captioner, pipeline, ratio } = report;
  const { imagesPerSecond, processorMs, allowedPerSecond, shareOfAllowed, stages } = pipeline;
  const rows = [
    ['captioner alone', `${captioner.imagesPerSecond.median} images/s`],
    ['pipeline', `${imagesPerSecond.median} images/s (${imagesPerSecond.min}–${imagesPerSecond.max})`],
    ['ratio', `${ratio.median} (${ratio.min}–${ratio.max})`],
    ['one picture alone: captioner', `${captioner.latencyMs.median} ms`],
    [
      '… landing to suggestion',
      `${pipeline.latencyMs.median} ms (${pipeline.latencyMs.min}–${pipeline.latencyMs.max})`,
    ],
  ];
  for (const [part, ms] of Object.entries(processorMs ?? {}))
    rows.push([`processor: ${part}`, `${ms.median} ms an image`]);
  if (allowedPerSecond && shareOfAllowed) {
    const reached = `${(100 * shareOfAllowed).toFixed(0)} % of it reached`;
    rows.push([`what ${cores} cores allow`, `${allowedPerSecond} images/s, ${reached}`]);
  }
  rows.push(
    ['prepare, waiting included', `${stages.prepareMs} ms an image`],
    ['a call of the captioner', `${stages.callMs} ms, ${stages.itemsPerCall} images`],
  );
  for (const program of WATCHED) {
    const { eventLoopHeldUpMs: heldUp, residentMemoryBytes: bytes } = report[program];
    const told = heldUp && `${heldUp.most.max} ms by the clock, ${heldUp.mostOnCore.max} ms without waiting for a core`;
    rows.push([`${program}: event loop held up, at most`, told ?? 'the system does not tell']);
    const [start, warm, end, most] = [bytes.start, bytes.warm, bytes.end, bytes.most].map((n) => (n / 1e6).toFixed(0));
    rows.push([`${program}: memory`, `${start} MB at first, ${warm} MB warm, ${end} MB at last, ${most} MB at most`]);
  }
  const own = captionerCores > 0 ? ` (${captionerCores} of them the captioner's)` : '';
  const title = `${model}, ${precision}; ${images} images of ${tenants} tenants; ${cores} cores${own}, ${processor}`;
  return [title, '', columns(rows)].join('\n');
}
