import { expect, it } from 'vitest';
import { housestyle } from '../support/housestyle.js';

interface Report {
  readonly captioner: { readonly imagesPerSecond: { readonly median: number } };
  readonly pipeline: {
    readonly imagesPerSecond: { readonly median: number };
    readonly processorMs?: Readonly<Record<string, { readonly median: number }>>;
    readonly stages: { readonly itemsPerCall: number };
    readonly eventLoopDelayMs: { readonly p99: number; readonly max: number };
    readonly residentMemoryBytes: { readonly max: number };
  };
  readonly ratio: { readonly median: number };
}

it('measures the running programs against their captioner alone', { timeout: 600_000 }, async () => {
  const sizes = ['--images', '8', '--rounds', '1', '--tenants', '2'];
  const { exitCode, stdout, stderr } = await housestyle(['bench', 'pipeline', ...sizes, '--json']);
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
  const { captioner, pipeline, ratio } = JSON.parse(stdout) as Report;
  expect(captioner.imagesPerSecond.median).toBeGreaterThan(0);
  expect(pipeline.imagesPerSecond.median / captioner.imagesPerSecond.median).toBeCloseTo(ratio.median, 2);
  expect(pipeline.stages.itemsPerCall).toBeGreaterThanOrEqual(1);
  expect(pipeline.stages.itemsPerCall).toBeLessThanOrEqual(8);
  expect(pipeline.eventLoopDelayMs.max).toBeGreaterThanOrEqual(pipeline.eventLoopDelayMs.p99);
  expect(pipeline.residentMemoryBytes.max).toBeGreaterThan(30e6);
  if (process.platform === 'linux') expect(pipeline.processorMs?.['decoding']?.median).toBeGreaterThan(0);
});
