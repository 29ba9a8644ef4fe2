import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { housestyle } from '../support/housestyle.js';

interface Watched {
  readonly imagesPerSecond: { readonly median: number };
  readonly eventLoopHeldUpMs?: Readonly<Record<'most' | 'mostOnCore', { readonly max: number }>>;
  readonly residentMemoryBytes: Readonly<Record<'start' | 'warm' | 'end' | 'most', number>>;
}

interface Report {
  readonly captioner: Watched;
  readonly pipeline: Watched & {
    readonly processorMs?: Readonly<Record<string, { readonly median: number }>>;
    readonly stages: { readonly itemsPerCall: number };
    readonly allowedPerSecond?: number;
    readonly shareOfAllowed?: number;
  };
  readonly ratio: { readonly median: number };
}

const weights = await mkdtemp(join(tmpdir(), 'housestyle-bench-'));
afterAll(() => rm(weights, { recursive: true, force: true }));

const isDivided = process.platform === 'linux' && cpus().length > 1;
const RANDOM = ['--synthetic', 'tiny', '--weights', weights, ...(isDivided ? ['--captioner-cores', '1'] : [])];

it.each([
  ['the demo', []],
  ['random weights, on cores of its own', RANDOM],
])('measures the running programs against their captioner alone: %s', { timeout: 600_000 }, async (_, model) => {
  const sizes = ['--images', '8', '--rounds', '1', '--tenants', '2'];
  const { exitCode, stdout, stderr } = await housestyle(['bench', 'pipeline', ...model, ...sizes, '--json']);
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
  const { captioner, pipeline, ratio } = JSON.parse(stdout) as Report;
  expect(captioner.imagesPerSecond.median).toBeGreaterThan(0);
  expect(pipeline.imagesPerSecond.median / captioner.imagesPerSecond.median).toBeCloseTo(ratio.median, 2);
  expect(pipeline.stages.itemsPerCall).toBeGreaterThanOrEqual(1);
  expect(pipeline.stages.itemsPerCall).toBeLessThanOrEqual(8);
  for (const { residentMemoryBytes: bytes } of [captioner, pipeline]) {
    const { start, warm, end, most } = bytes;
    expect(Math.min(start, warm, end)).toBeGreaterThan(50e6); // an app and its libraries
    expect(most).toBeGreaterThanOrEqual(Math.max(warm, end));
    expect(most).toBeLessThan(4e9);
  }
  expect(captioner.residentMemoryBytes.start).not.toBe(pipeline.residentMemoryBytes.start);
  if (process.platform !== 'linux') return;
  expect(pipeline.processorMs?.['decoding']?.median).toBeGreaterThan(0);
  const { allowedPerSecond, shareOfAllowed, imagesPerSecond } = pipeline;
  expect(shareOfAllowed! * allowedPerSecond!).toBeCloseTo(imagesPerSecond.median, 1);
  expect(shareOfAllowed).toBeLessThan(1.2);
  for (const { eventLoopHeldUpMs: heldUp } of [captioner, pipeline]) {
    expect(heldUp!.mostOnCore.max).toBeGreaterThan(0);
    expect(heldUp!.mostOnCore.max).toBeLessThanOrEqual(heldUp!.most.max);
    expect(heldUp!.most.max).toBeLessThan(10_000);
  }
  expect(captioner.eventLoopHeldUpMs).not.toEqual(pipeline.eventLoopHeldUpMs);
});

it('tells people of both programs', { timeout: 600_000 }, async () => {
  const { stdout } = await housestyle(['bench', 'pipeline', '--images', '2', '--rounds', '1']);
  for (const program of ['captioner', 'pipeline']) {
    expect(stdout).toMatch(new RegExp(`^${program}: memory +\\d+ MB at first, \\d+ MB warm, `, 'm'));
    expect(stdout).toMatch(
      new RegExp(`^${program}: event loop held up, at most +(the system|[\\d.]+ ms by the clock)`, 'm'),
    );
  }
});
