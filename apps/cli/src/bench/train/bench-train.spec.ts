import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createProgram } from '../../program.js';
import type { Terminal } from '../../terminal.js';
import type { ReachedLimit } from '../measure/product-limits.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bench-train-'));
});
afterAll(() => rm(folder, { recursive: true }));

const BATCH = ['--synthetic', 'tiny', '--batch-size', '6', '--prefix-length', '3', '--caption-length', '5'];

async function benchTrain(...args: string[]): Promise<{ lines: string[]; exitCode: number | undefined }> {
  const lines: string[] = [];
  let exitCode: number | undefined;
  const terminal: Terminal = { print: (line) => lines.push(line), complain: () => undefined };
  const program = createProgram(terminal, (code) => (exitCode = code));
  await program.parseAsync(['node', 'housestyle', 'bench', 'train', ...BATCH, ...args]);
  return { lines, exitCode };
}

describe('housestyle bench train', () => {
  it.each([
    // the MLP: 32·96 + 96 and 96·192 + 192
    { args: [], trained: 3168 + 18624 },
    // embeddings spread over 4 positions, 3 learned ones, 8 layers
    { args: ['--mapping-type', 'transformer', '--clip-length', '4'], trained: 33 * 256 + 3 * 64 + 8 * 33_280 },
    // words, positions, 2 layers and the last norm
    { args: ['--tune-gpt2'], trained: 3168 + 18624 + 500 * 64 + 64 * 64 + 2 * 49_984 + 128 },
  ])('takes the steps it is told to $args', async ({ args, trained }) => {
    const { lines, exitCode } = await benchTrain('--steps', '3', '--warm-up', '2', '--threads', '1', '--json', ...args);
    expect(exitCode).toBe(0);
    expect(lines).toHaveLength(1);
    const report = JSON.parse(lines[0]!) as Record<string, number> & {
      stepSeconds: Record<string, number>;
      roofline: ReachedLimit;
    };
    expect(report).toMatchObject({ trainableParameters: trained, steps: 3, warmUpSteps: 2, batchSize: 6 });
    const { min, median, max } = report.stepSeconds;
    expect([min, median, max]).toEqual([min, median, max].sort((a, b) => a! - b!));
    expect(min).toBeGreaterThan(0);
    expect((report['tokensPerSecond']! * median!) / (6 * 5)).toBeCloseTo(1, 2);
    expect(report['firstLoss']).toBeCloseTo(Math.log(500), 0); // nothing is learned yet: every word is as likely
    expect(report['lastLoss']).toBeLessThan(report['firstLoss']!);
    expect(report['peakMemoryBytes']).toBeGreaterThan(50e6);
    expect(report.roofline.gflops).toBeGreaterThan(0);
    expect(report.roofline.share.min).toBeGreaterThan(0);
    expect(report.roofline.share.max).toBeLessThan(1.5);
  });

  it('keeps weights and batch for others where it is told to, and none otherwise', async () => {
    const isOurs = (name: string) => name.startsWith('housestyle-bench-');
    const before = (await readdir(tmpdir())).filter(isOurs);
    const kept = await benchTrain('--steps', '1', '--json', '--weights', folder);
    expect((await readdir(folder)).sort()).toEqual(['batch.json', 'gpt2-tiny.safetensors', 'mlp-3-tiny.safetensors']);
    const batch = JSON.parse(await readFile(join(folder, 'batch.json'), 'utf8')) as { tokens: number[][] };
    expect(batch.tokens.map(({ length }) => length)).toEqual(Array(6).fill(5));
    expect(Math.min(...batch.tokens.flat())).toBeGreaterThan(0);

    const again = await benchTrain('--steps', '1', '--json', '--weights', folder);
    const fresh = await benchTrain('--steps', '1', '--json');
    const losses = [kept, again, fresh].map(({ lines }) => (JSON.parse(lines[0]!) as { firstLoss: number }).firstLoss);
    expect(new Set(losses).size).toBe(1);
    expect((await readdir(tmpdir())).filter(isOurs).filter((name) => !before.includes(name))).toEqual([]);
  });

  it('prints a table for people', async () => {
    const { lines } = await benchTrain('--steps', '1', '--threads', '1');
    expect(lines.join('\n')).toMatch(/^trainable parameters +21,792$/m);
    expect(lines.join('\n')).toMatch(/^s\/step +[\d.e-]+ median/m);
    expect(lines.join('\n')).toMatch(/^share of the limit +\d+ %$/m);
    const spared = await benchTrain('--steps', '1', '--threads', '1', '--no-roofline');
    expect(spared.lines.join('\n')).not.toContain('limit');
  });

  it('takes no size of which there is none', async () => {
    await expect(benchTrain('--batch-size', '0')).rejects.toThrow('Give 1 or more.');
    await expect(benchTrain('--synthetic', 'gpt5')).rejects.toThrow('Allowed choices are gpt2, tiny');
  });
});
