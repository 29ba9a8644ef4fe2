import type { Hypothesis } from '@housestyle/domain';
import { expect, it } from 'vitest';
import { describeWith } from '../support/describe-with.js';
import { requirements } from '../support/requirements.js';
import { onSoftwareGpu } from '../support/software-gpu.js';
import { maxError, recordParity, relativeError } from './record-parity.js';
import { DEMO_MODEL, referenceRow } from './reference.js';

interface Captioned {
  readonly embedding: readonly number[];
  readonly hypotheses: readonly Hypothesis[];
  /** by precision. */
  readonly refusals: Readonly<Record<string, string>>;
}

/** A GPU's driver that computes on the CPU: the same kernels as on a GPU, at a thousandth of its speed. */
describeWith([requirements.softwareGpu()], 'the demo model on WebGPU', () => {
  it('says what it says on the CPU, and refuses to be loaded with what it would compute there', async () => {
    const rows = [[...referenceRow('image_embeds', 0)]];
    const on = async (device: string): Promise<Captioned> => {
      const given = { device, rows, generation: { numBeams: 2, maxNewTokens: 3 } };
      return JSON.parse(await onSoftwareGpu('gpu-captions.mjs', DEMO_MODEL, JSON.stringify(given))) as Captioned;
    };
    const [gpu, cpu] = [await on('webgpu'), await on('cpu')];
    recordParity(
      'webgpu: embedding of a picture against the CPU, relative',
      relativeError(Float32Array.from(gpu.embedding), Float32Array.from(cpu.embedding)),
      1e-5,
    );
    expect(gpu.hypotheses.map(({ tokens }) => tokens)).toEqual(cpu.hypotheses.map(({ tokens }) => tokens));
    const scores = ({ hypotheses }: Captioned) => hypotheses.map(({ score }) => score);
    recordParity('webgpu: scores of 2 images against the CPU, max', maxError(scores(gpu), scores(cpu)), 1e-4);

    expect(cpu.refusals).toEqual({ int8: 'none', fp16: 'none' });
    expect(gpu.refusals['int8']).toMatch(/^device_unavailable: webgpu lacks operators .*MatMulIntegerToFloat/);
    // SwiftShader has no half precision; another driver may
    expect(gpu.refusals['fp16']).toMatch(/^none$|^device_unavailable: webgpu does not compute in half precision/);
  }, 300_000);
});
