import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Gpt2Config } from '@housestyle/clipcap';
import { OnnxGraphRunner, type Device } from '@housestyle/runtime';
import type { BenchModel } from '../bench-model.js';
import { columns } from '../measure/report.js';
import { spread } from '../measure/spread.js';
import { stopwatch, type Elapsed } from '../measure/stopwatch.js';
import { DecodeBench } from './decode-bench.js';
import type { DecodeCase } from './decode-cases.js';
import { partOf, PROGRAM_PARTS, type ProfileEvent, type StepPart } from './step-parts.js';
import { TimedRunner } from './timed-runner.js';

/** Where a decode's steps spend their time, in milliseconds of a step. */
export interface DecodeProfile {
  readonly decodeCase: DecodeCase;
  readonly msOfStep: number;
  readonly parts: readonly { readonly part: string; readonly ms: number; readonly share: number }[];
}

/** Decodes with onnxruntime's own clock on, after once without counting; prefixes are left out of the account. */
export async function profileDecode(
  model: BenchModel,
  decodeCase: DecodeCase,
  { device, threads, rounds }: { readonly device: Device; readonly threads: number; readonly rounds: number },
): Promise<DecodeProfile> {
  const folder = await mkdtemp(join(tmpdir(), 'housestyle-profile-'));
  try {
    const runner = new TimedRunner(new OnnxGraphRunner({ device, threads, profilePrefix: join(folder, 'profile-') }));
    const { precision } = decodeCase;
    const bench = await DecodeBench.load(model, runner, { cases: [decodeCase], precision });
    const { config } = bench;
    await bench.run(decodeCase);
    const decodes: MeasuredDecode[] = [];
    for (let round = 0; round < rounds; round++) {
      const from = runner.runs.length;
      const elapsed = stopwatch();
      await bench.run(decodeCase);
      decodes.push({ whole: elapsed(), runs: runner.runs.slice(from) });
    }
    await bench.release();
    const kernels = kernelTimes(await readEvents(folder), config, decodeCase.tokens, rounds);
    return profileOf(decodeCase, kernels, decodes);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface MeasuredDecode {
  readonly whole: Elapsed;
  /** the prefixes' first. */
  readonly runs: readonly Elapsed[];
}

/** Of the graph that ran most: others were loaded, and a small one tried, before it. */
async function readEvents(folder: string): Promise<ProfileEvent[]> {
  const read = async (file: string) => JSON.parse(await readFile(join(folder, file), 'utf8')) as ProfileEvent[];
  const profiles = await Promise.all((await readdir(folder)).map(read));
  const runsOf = (events: readonly ProfileEvent[]) => events.filter(isRun).length;
  return profiles.reduce((most, other) => (runsOf(other) > runsOf(most) ? other : most));
}

const isRun = ({ name }: ProfileEvent): boolean => name === 'model_run';

/** Milliseconds of each part, of each step of the last `rounds` decodes: a first run and tokens − 1 steps each. */
function kernelTimes(events: readonly ProfileEvent[], config: Gpt2Config, tokens: number, rounds: number) {
  const runs = events.filter(isRun).sort((a, b) => a.ts - b.ts);
  const kernels = events.filter(({ name }) => name.endsWith('_kernel_time')).sort((a, b) => a.ts - b.ts);
  const steps = runs.slice(-tokens * rounds).filter((_, n) => n % tokens > 0);
  let at = 0;
  return steps.map((run) => {
    const parts = new Map<StepPart, number>();
    while (at < kernels.length && kernels[at]!.ts < run.ts) at++;
    for (; at < kernels.length && kernels[at]!.ts < run.ts + run.dur; at++) {
      const part = partOf(kernels[at]!, config);
      parts.set(part, (parts.get(part) ?? 0) + kernels[at]!.dur / 1000);
    }
    return { runMs: run.dur / 1000, parts };
  });
}

function profileOf(
  decodeCase: DecodeCase,
  steps: ReturnType<typeof kernelTimes>,
  decodes: readonly MeasuredDecode[],
): DecodeProfile {
  const median = (values: readonly number[]): number => spread(values)?.median ?? 0;
  const parts = new Map<string, number>();
  for (const part of new Set(steps.flatMap((step) => [...step.parts.keys()]))) {
    parts.set(part, median(steps.map((step) => step.parts.get(part) ?? 0)));
  }
  const ofKernels = (step: (typeof steps)[number]) => [...step.parts.values()].reduce((sum, ms) => sum + ms, 0);
  parts.set(PROGRAM_PARTS.between, median(steps.map((step) => step.runMs - ofKernels(step))));
  const called = decodes.flatMap(({ runs }) => runs.slice(1));
  parts.set(PROGRAM_PARTS.copies, Math.max(0, median(called.map(({ wallMs }, n) => wallMs - steps[n]!.runMs))));
  const own = decodes.map(({ whole, runs }) => (whole.cpuMs - sum(runs.map(({ cpuMs }) => cpuMs))) / runs.length);
  parts.set(PROGRAM_PARTS.search, median(own));
  const msOfStep = sum([...parts.values()]);
  const listed = [...parts].map(([part, ms]) => ({ part, ms, share: ms / msOfStep })).sort((a, b) => b.ms - a.ms);
  return { decodeCase, msOfStep, parts: listed };
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

export function profileTable({ msOfStep, parts }: DecodeProfile): string {
  const rows = parts.map(({ part, ms, share }) => [part, ms.toFixed(2), `${(100 * share).toFixed(1)} %`]);
  return columns([['part of a step', 'ms', 'share'], ...rows, ['all', msOfStep.toFixed(2), '100 %']]);
}
