import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EXIT_OK, type Terminal } from '../../terminal.js';
import { reachedLimit, shareText } from '../measure/product-limits.js';
import { rounded, spread } from '../measure/spread.js';
import { Turns } from '../measure/turns.js';
import type { SyntheticMapper, SyntheticSize } from '../synthetic/synthetic-model.js';
import { TrainBench, type StepFigures, type StepLimit } from './train-bench.js';

export interface BenchTrainOptions extends SyntheticMapper {
  readonly synthetic: SyntheticSize;
  readonly tuneGpt2: boolean;
  readonly batchSize: number;
  readonly captionLength: number;
  readonly steps: number;
  readonly warmUp: number;
  readonly threads: number;
  readonly roofline: boolean;
  /** where the random weights stay; a temporary one that goes away when absent. */
  readonly weights?: string;
  readonly paced: boolean;
  readonly json: boolean;
}

/** Measures training steps and prints the figures. @returns the exit code */
export async function benchTrain(options: BenchTrainOptions, terminal: Terminal): Promise<number> {
  const folder = options.weights ?? (await mkdtemp(join(tmpdir(), 'housestyle-bench-')));
  try {
    const bench = await TrainBench.prepare({
      ...options,
      size: options.synthetic,
      isGpt2Tuned: options.tuneGpt2,
      folder,
    });
    const figures: StepFigures[] = [];
    if (options.paced) await runPaced(bench, options, figures, terminal);
    else await bench.run(options.warmUp + options.steps, (step) => figures.push(step));
    await bench.release();
    const peakMemoryBytes = process.resourceUsage().maxRSS * 1024;
    const limit = options.roofline && !options.paced ? await bench.limit() : undefined;
    const report = reportOf(options, bench, { figures, peakMemoryBytes, limit });
    terminal.print(options.json ? JSON.stringify(report) : tableOf(report));
    return EXIT_OK;
  } finally {
    if (options.weights === undefined) await rm(folder, { recursive: true, force: true });
  }
}

/** Takes one step for each line of standard input and prints its figures. */
async function runPaced(bench: TrainBench, options: BenchTrainOptions, figures: StepFigures[], terminal: Terminal) {
  const turns = new Turns();
  terminal.print(JSON.stringify({ trainableParameters: bench.trainableParameters, tokens: bench.tokens }));
  const onStep = (step: StepFigures) => {
    figures.push(step);
    terminal.print(JSON.stringify(step));
  };
  await bench.run(options.warmUp + options.steps, onStep, () => turns.next());
  turns.close();
}

function reportOf(
  options: BenchTrainOptions,
  { trainableParameters, tokens }: TrainBench,
  { figures, peakMemoryBytes, limit }: Measured,
) {
  const measured = figures.slice(options.warmUp);
  const stepSeconds = spread(measured.map(({ wallMs }) => wallMs / 1000));
  return {
    synthetic: options.synthetic,
    mappingType: options.mappingType,
    isGpt2Tuned: options.tuneGpt2,
    trainableParameters,
    batchSize: options.batchSize,
    prefixLength: options.prefixLength,
    captionLength: options.captionLength,
    threads: options.threads,
    warmUpSteps: Math.min(options.warmUp, figures.length),
    steps: measured.length,
    stepSeconds,
    processorSeconds: spread(measured.map(({ cpuMs }) => cpuMs / 1000)),
    /** caption tokens that are predicted and learned from. */
    tokensPerSecond: stepSeconds && rounded(tokens / stepSeconds.median),
    peakMemoryBytes,
    roofline:
      limit &&
      reachedLimit(
        measured.map(({ cpuMs }) => ({ cpuMs, limit })),
        limit.operations,
      ),
    firstLoss: figures[0]?.loss,
    lastLoss: figures.at(-1)?.loss,
  };
}

interface Measured {
  readonly figures: readonly StepFigures[];
  /** before the limit was measured, which takes memory of its own. */
  readonly peakMemoryBytes: number;
  /** absent where it was not asked for. */
  readonly limit: StepLimit | undefined;
}

type Report = ReturnType<typeof reportOf>;

function tableOf(report: Report): string {
  const { stepSeconds: wall, processorSeconds: cpu } = report;
  const positions = `${report.prefixLength} + ${report.captionLength}`;
  const trained = `${report.mappingType} mapper${report.isGpt2Tuned ? ' and GPT-2' : ''}`;
  const rows: [string, string][] = [
    ['model', `${report.synthetic}, random weights; ${trained} trained`],
    ['trainable parameters', report.trainableParameters.toLocaleString('en')],
    ['batch', `${report.batchSize} captions of ${positions} positions`],
    ['s/step', wall ? `${wall.median} median, ${wall.min} min, ${wall.max} max of ${report.steps}` : 'no steps'],
    ['processor s/step', cpu ? `${cpu.median} median, ${cpu.min} min, ${cpu.max} max` : 'no steps'],
    ['threads', String(report.threads)],
    ['tokens/s', String(report.tokensPerSecond ?? 0)],
    ['peak memory', `${(report.peakMemoryBytes / 1e9).toFixed(2)} GB`],
  ];
  if (report.roofline) {
    rows.push(['limit', `${report.roofline.gflops} GFLOP/s, the step's matrix products alone`]);
    rows.push(['share of the limit', shareText(report.roofline)]);
  }
  return rows.map(([name, value]) => `${name.padEnd(22)}${value}`).join('\n');
}
