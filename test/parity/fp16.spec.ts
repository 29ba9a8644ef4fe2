import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { encodeSafetensors, openBaseModel, SafetensorsFile } from '@housestyle/checkpoints';
import { CaptionEngine, type BaseModelFiles } from '@housestyle/clipcap';
import { float32, MemoryWeights, requireHalf, requireWeight, toFloat16 } from '@housestyle/graph';
import { OnnxGraphRunner } from '@housestyle/runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { judgeCaptions } from './quality/judge-captions.js';
import { judgeCompany } from './quality/judge-company.js';
import { maxError, recordParity, relativeError } from './record-parity.js';
import { DEMO_MODEL, NUM_PICTURES, referenceRow } from './reference.js';
import { teacherForcedLogits } from './teacher-forced-logits.js';

/** The CPU computes such graphs by rounding what goes into and comes out of a product: rougher a GPU's is not. */
const runner = new OnnxGraphRunner({ threads: 1 });
const PICTURES = 400;
let base: BaseModelFiles;
let engine: CaptionEngine;

beforeAll(async () => {
  base = await openBaseModel(DEMO_MODEL);
  engine = await CaptionEngine.load(base, runner, { precision: 'fp16' });
});
afterAll(() => engine.release());

describe('captions in half precision', () => {
  it('say as often what is in the pictures as those in fp32, and as well', async () => {
    const bounds = { changed: 0.02, mistakes: 0.01, cider: 0.005 };
    await judgeCaptions('fp16', engine, { count: PICTURES, bounds });
  });

  it('come of logits near those in fp32', async () => {
    const exact = await teacherForcedLogits(base.gpt2, runner, {});
    const ours = await teacherForcedLogits(base.gpt2, runner, { precision: 'fp16' });
    recordParity('fp16: logits, relative error', relativeError(ours, exact), 0.002);
  });

  it('are an image’s own, with its tenant’s delta of rank 8 or without, in any company', async () => {
    await judgeCompany('fp16', base, engine, { images: 6, hypotheses: 1, bound: 1e-2 });
  });
});

describe('graphs for a GPU', () => {
  it('compute on the CPU what those for a CPU do', async () => {
    const [plain, joined] = [
      await teacherForcedLogits(base.gpt2, runner, {}),
      await teacherForcedLogits(base.gpt2, runner, { isForGpu: true }),
    ];
    recordParity('fp32: logits of the graph for a GPU, max', maxError(joined, plain), 1e-4);
  });

  it('caption on the CPU as those for a CPU do', async () => {
    const items = Array.from({ length: NUM_PICTURES }, (_, n) => ({
      input: { embedding: referenceRow('image_embeds', n).slice() },
    }));
    const captionedBy = async (isForGpu: boolean) => {
      const other = await CaptionEngine.load(base, runner, { isForGpu });
      const outputs = await other.caption(items);
      await other.release();
      return outputs.flatMap(({ hypotheses }) => hypotheses);
    };
    const [plain, joined] = [await captionedBy(false), await captionedBy(true)];
    expect(joined.map(({ tokens }) => tokens)).toEqual(plain.map(({ tokens }) => tokens));
    const errors = joined.map(({ score }, n) => Math.abs(score - plain[n]!.score));
    recordParity('fp32: scores by the graphs for a GPU, max', Math.max(...errors), 1e-4);
  });
});

describe('weights that a file holds in half precision', () => {
  it('are given to the graph as they lie there, and are those that fp32 would be rounded to', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'fp16-'));
    const name = 'clip_project.model.0.weight';
    const { dims } = requireWeight(base.mapper.weights, name);
    const values = base.mapper.weights.read(name)!;
    const file = path.join(folder, 'half.safetensors');
    const half = { type: 'float16', data: toFloat16(values), dims } as const;
    await writeFile(file, encodeSafetensors(new Map([[name, half]])));
    const found = requireHalf(SafetensorsFile.open(file), name, dims);
    expect(found).toMatchObject({ type: 'float16', file, length: 2 * values.length });
    expect(requireHalf(new MemoryWeights('fp32', new Map([[name, float32(values, dims)]])), name, dims)).toEqual(half);
    await rm(folder, { recursive: true });
  });

  it('are refused where one is too large for it', () => {
    const weights = new MemoryWeights('wide', new Map([['w', float32([1, 70_000])]]));
    expect(() => requireHalf(weights, 'w', [2])).toThrow('wide: w holds values that fp16 cannot hold');
  });
});
