import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OnnxGraphRunner } from '@housestyle/runtime';
import { initialParameters, OnnxTrainingEngine, Random } from '@housestyle/training';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ProfileEvent } from '../decode/step-parts.js';
import { operationsOf } from '../measure/roofline.js';
import { syntheticModel, type SyntheticMapper } from '../synthetic/synthetic-model.js';
import { stepProducts } from './step-products.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'step-products-'));
});
afterAll(() => rm(folder, { recursive: true }));

const BATCH = { batchSize: 3, captionLength: 5 };

it.each([
  ['mlp', false],
  ['transformer', false],
  ['mlp', true],
  ['transformer', true],
] as const)('are those that a step runs: %s mapper, GPT-2 tuned: %s', async (mappingType, isTuned) => {
  const mapper: SyntheticMapper = { mappingType, prefixLength: 4, clipLength: 3 };
  const { model } = await syntheticModel(folder, 'tiny', mapper);
  const decoder = isTuned ? 'full' : 'frozen';
  const parameters = initialParameters(model, { mapper: 'full', decoder }, new Random(0));
  const profile = `${mappingType}-${decoder}-`;
  const runner = new OnnxGraphRunner({ threads: 1, profilePrefix: join(folder, profile) });
  const session = await new OnnxTrainingEngine(runner).compile(model, parameters);
  const examples = Array.from({ length: BATCH.batchSize }, () => ({
    embedding: new Float32Array(32).fill(0.1),
    tokens: Array.from({ length: BATCH.captionLength }, (_, n) => n + 1),
    weight: 1,
  }));
  await session.step(examples, { normalizer: 1, dropoutSeed: 0 });
  await session.release();
  expect(operationsOf(stepProducts(model, BATCH, isTuned))).toBe(await operationsRun(profile));
});

/** Operations of all products of two matrices in a profile, which is silent on frozen weights; attention's have four dimensions. */
async function operationsRun(prefix: string): Promise<number> {
  const file = (await readdir(folder)).find((name) => name.startsWith(prefix))!;
  const events = JSON.parse(await readFile(join(folder, file), 'utf8')) as ProfileEvent[];
  return events
    .filter(({ name, args }) => name.endsWith('_kernel_time') && /Gemm$/.test(args?.op_name ?? ''))
    .reduce((sum, { args }) => {
      const [x, y] = [args!.input_type_shape![0]!, args!.output_type_shape![0]!].map(
        (shape) => Object.values(shape)[0]!,
      );
      const [rows, columns] = y as [number, number];
      const inner = x![0] === rows ? x![1]! : x![0]!; // [M, K], or [K, M] read the other way round
      return sum + 2 * rows * inner * columns;
    }, 0);
}
