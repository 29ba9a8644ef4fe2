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
import { PipelineBench, type PipelineRun, type ProcessorSeconds } from './pipeline-bench.js';
import { meanBetween, type ScrapedMetrics } from './scraped-metrics.js';

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
  const { images, rounds, synthetic, weights } = options;
  const directory = synthetic
    ? await openBenchFolder(synthetic, weights)
    : await (await ModelLibrary.find()).resolve(options.model);
  const { name } = await describeBaseModel(directory);
  const folder = await mkdtemp(join(tmpdir(), 'housestyle-bench-'));
  const bar = new ProgressBar(terminal, 2 * (rounds + 1));
  try {
    const bench = await PipelineBench.start({ ...options, model: { directory, name }, folder });
    const measured: Round[] = [];
    let latencies: Latencies;
    try {
      await bench.runCaptioner(images);
      bar.advance(1);
      await bench.runPipeline(images);
      bar.advance(1);
      for (let round = 0; round < rounds; round++) {
        const captioner = await bench.runCaptioner(images);
        bar.advance(1);
        measured.push({ captioner, pipeline: await bench.runPipeline(images) });
        bar.advance(1);
      }
      latencies = await bench.latencies(ALONE);
    } finally {
      await bench.stop();
    }
    bar.clear();
    const report = reportOf(options, measured, latencies);
    terminal.print(options.json ? JSON.stringify(report) : tableOf(report));
    return EXIT_OK;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** pictures that are captioned alone, for how long one takes */
const ALONE = 21;

type Latencies = Awaited<ReturnType<PipelineBench['latencies']>>;

interface Round {
  readonly captioner: Awaited<ReturnType<PipelineBench['runCaptioner']>>;
  readonly pipeline: PipelineRun;
}

function reportOf(options: BenchPipelineOptions, measured: readonly Round[], latencies: Latencies) {
  const { images, tenants, megapixels, rounds, precision, captionerCores } = options;
  const runs = measured.map(({ pipeline }) => pipeline);
  const samples = runs.flatMap((run) => run.samples.slice(1));
  const processor = processorOf(runs, images);
  const total = processor && Object.values(processor).reduce((sum, { median }) => sum + median, 0);
  const captionerMs = spread(
    measured.flatMap(({ captioner }) =>
      captioner.processor === undefined ? [] : [(1000 * captioner.processor) / images],
    ),
  );
  const { cores } = machine();
  const imagesPerSecond = spread(runs.map(({ wallMs }) => (images * 1000) / wallMs))!;
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
    },
    pipeline: {
      imagesPerSecond,
      /** of one picture, from its landing to its suggestion, while nothing else is done. */
      latencyMs: spread(latencies.pipelineMs)!,
      /** of one image, by who spent it. */
      processorMs: processor,
      /** images a second if all cores did nothing but these stages. */
      ...(total && { allowedPerSecond: rounded((1000 * cores) / total) }),
      /** the mean of one image or one call, waiting for a core included. */
      stages: stagesOf(runs),
      /** by the clock, and without what it waited for a core. */
      eventLoopHeldUpMs: heldUpOf(runs),
      residentMemoryBytes: memoryOf(samples),
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

function stagesOf(runs: readonly PipelineRun[]) {
  const mean = (histogram: string, factor: number) => {
    const means = runs.flatMap(({ samples }) => {
      const value = meanBetween(samples[0]!, samples.at(-1)!, `housestyle_pipeline_${histogram}`);
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

function heldUpOf(runs: readonly PipelineRun[]) {
  const of = (figure: keyof HeldUp) => spread(runs.flatMap(({ heldUp }) => (heldUp ? [heldUp[figure]] : [])));
  const [most, mostOnCore] = [of('most'), of('mostOnCore')];
  return most && mostOnCore && { most, mostOnCore };
}

function memoryOf(samples: readonly ScrapedMetrics[]) {
  const bytes = samples.map((sample) => sample.get('process_resident_memory_bytes') ?? 0);
  return { first: bytes[0] ?? 0, last: bytes.at(-1) ?? 0, max: Math.max(...bytes) };
}

function tableOf(report: Report): string {
  const { model, precision, cores, captionerCores, processor, images, tenants, captioner, pipeline, ratio } = report;
  const { imagesPerSecond, processorMs, allowedPerSecond, stages, eventLoopHeldUpMs, residentMemoryBytes } = pipeline;
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
  if (allowedPerSecond) rows.push([`what ${cores} cores allow`, `${allowedPerSecond} images/s`]);
  rows.push(
    ['prepare, waiting included', `${stages.prepareMs} ms an image`],
    ['a call of the captioner', `${stages.callMs} ms, ${stages.itemsPerCall} images`],
    [
      'event loop held up, at most',
      eventLoopHeldUpMs
        ? `${eventLoopHeldUpMs.most.max} ms by the clock, ${eventLoopHeldUpMs.mostOnCore.max} ms without waiting for a core`
        : 'the system does not tell',
    ],
    [
      'memory',
      `${(residentMemoryBytes.first / 1e6).toFixed(0)} MB at first, ${(residentMemoryBytes.last / 1e6).toFixed(0)} MB at last`,
    ],
  );
  const own = captionerCores > 0 ? ` (${captionerCores} of them the captioner's)` : '';
  const title = `${model}, ${precision}; ${images} images of ${tenants} tenants; ${cores} cores${own}, ${processor}`;
  return [title, '', columns(rows)].join('\n');
}
