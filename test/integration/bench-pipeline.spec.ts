import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { housestyle } from '../support/housestyle.js';

interface Report {
  readonly captioner: { readonly imagesPerSecond: { readonly median: number } };
  readonly pipeline: {
    readonly imagesPerSecond: { readonly median: number };
    readonly processorMs?: Readonly<Record<string, { readonly median: number }>>;
    readonly stages: { readonly itemsPerCall: number };
    readonly eventLoopHeldUpMs?: Readonly<Record<'most' | 'mostOnCore', { readonly max: number }>>;
    readonly residentMemoryBytes: { readonly max: number };
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
  expect(pipeline.residentMemoryBytes.max).toBeGreaterThan(30e6);
  if (process.platform !== 'linux') return;
  expect(pipeline.processorMs?.['decoding']?.median).toBeGreaterThan(0);
  const { most, mostOnCore } = pipeline.eventLoopHeldUpMs!;
  expect(mostOnCore.max).toBeGreaterThan(0);
  expect(mostOnCore.max).toBeLessThanOrEqual(most.max);
});
