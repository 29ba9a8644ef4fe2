import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createProgram } from '../../program.js';
import type { Terminal } from '../../terminal.js';
import { plotCases } from '../measure/case-plot.js';
import type { EncodeCaseReport } from '../encode/bench-encode.command.js';
import type { DecodeReport } from './decode-report.js';
import { partOf } from './step-parts.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bench-decode-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function bench(...args: string[]): Promise<string[]> {
  const lines: string[] = [];
  const terminal: Terminal = { print: (line) => lines.push(line), complain: () => undefined };
  let exitCode: number | undefined;
  const program = createProgram(terminal, (code) => (exitCode = code));
  await program.parseAsync(['node', 'housestyle', 'bench', ...args, '--weights', folder]);
  expect(exitCode).toBe(0);
  return lines;
}

const TINY = ['--synthetic', 'tiny', '--rounds', '2'];

describe('housestyle bench decode', () => {
  it('measures every combination of what it is given, against the limit, and draws the curve', async () => {
    const plot = join(folder, 'curve.svg');
    const sizes = ['--batch', '1,3', '--num-beams', '2', '--tokens', '4', '--tenants', '0,2'];
    const [line, ...others] = await bench(
      'decode',
      ...TINY,
      ...sizes,
      '--precision',
      'fp32,int8',
      '--plot',
      plot,
      '--json',
    );
    expect(others).toEqual([]);
    const report = JSON.parse(line!) as DecodeReport;
    expect(report).toMatchObject({ from: 'prefix', threads: 1, rounds: 2 });
    expect(report.cases.map(({ batch, tenants, precision }) => [precision, tenants, batch])).toEqual(
      ['fp32', 'int8'].flatMap((precision) =>
        [0, 2].flatMap((tenants) => [1, 3].map((batch) => [precision, tenants, batch])),
      ),
    );
    for (const { batch, seconds, imagesPerSecond, tokensPerSecond, roofline } of report.cases) {
      expect(seconds.min).toBeLessThanOrEqual(seconds.max);
      expect((imagesPerSecond * seconds.median) / batch).toBeCloseTo(1, 2);
      expect(tokensPerSecond / imagesPerSecond).toBeCloseTo(4, 1);
      expect(roofline!.gflops).toBeGreaterThan(0);
      expect(roofline!.share.median).toBeGreaterThan(0);
    }
    expect(await readFile(plot, 'utf8')).toContain('tenants whose deltas are mixed 2');
  });

  const demo = ['--model', 'demo', '--batch', '2', '--tokens', '3', '--rounds', '1', '--json'];

  it('begins with pictures of the demo base', async () => {
    const [line] = await bench('decode', ...demo, '--from', 'jpeg', '--no-roofline');
    const report = JSON.parse(line!) as DecodeReport;
    expect(report).toMatchObject({ model: 'demo', from: 'jpeg' });
    expect(report.cases[0]).not.toHaveProperty('roofline');
  });

  it.each(['fp32', 'int8'])('says where a step in %s spends its time', async (precision) => {
    const [profiled] = await bench('decode', ...demo, '--profile', '--precision', precision);
    const { msOfStep, parts } = JSON.parse(profiled!) as { msOfStep: number; parts: { part: string; ms: number }[] };
    expect(parts.map(({ part }) => part)).toEqual(
      expect.arrayContaining(['linear layers: MLP in', 'linear layer: head', 'attention: products', 'norms', 'GELU']),
    );
    const isRounded = parts.some(({ part }) => part === 'rounding to 8 bits, and back');
    expect(isRounded).toBe(precision === 'int8');
    expect(parts.reduce((sum, { ms }) => sum + ms, 0) / msOfStep).toBeCloseTo(1, 6);
  });

  it('takes no size of which there is none', async () => {
    await expect(bench('decode', '--num-beams', '1,11')).rejects.toThrow('Give 1 to 10.');
    await expect(bench('decode', '--precision', 'int4')).rejects.toThrow('Allowed choices are fp32, ');
  });
});

describe('housestyle bench encode', () => {
  it('measures each stage of pictures of several sizes', async () => {
    const [line] = await bench('encode', ...TINY, '--megapixels', '0.3,0.5', '--batch', '2', '--json');
    const { cases } = JSON.parse(line!) as { cases: Record<string, unknown>[] };
    expect(cases).toHaveLength(2);
    expect(cases[0]).toMatchObject({ width: 640, height: 480, batch: 2, precision: 'fp32' });
    expect(Object.keys(cases[0]!['stages'] as object)).toEqual(['decode', 'resize', 'clip', 'mapper']);
  });

  it('measures CLIP against its own matrix products, unless it is told not to', async () => {
    const sizes = ['--megapixels', '0.3', '--batch', '2,3', '--precision', 'fp32,int8', '--json'];
    const casesOf = async (...args: string[]) =>
      (JSON.parse((await bench('encode', ...TINY, ...sizes, ...args))[0]!) as { cases: EncodeCaseReport[] }).cases;
    const cases = await casesOf();
    expect(cases.map(({ batch }) => batch)).toEqual([2, 2, 3, 3]);
    for (const { roofline } of cases) {
      // 16 patches of 8 × 8 pixels, two layers of 17 positions, the projection
      const products = 16 * 192 * 64 + 2 * 17 * (64 * 192 + 64 * 64 + 2 * 64 * 128) + 64 * 32;
      expect((roofline!.gflops * roofline!.processorMs * 1e6) / (2 * products)).toBeCloseTo(1, 2);
      expect(roofline!.share.min).toBeGreaterThan(0);
      expect(roofline!.share.max).toBeLessThan(1.5);
    }
    for (const spared of await casesOf('--no-roofline')) expect(spared).not.toHaveProperty('roofline');
  });

  it('measures each case with pictures shrunk on load too, and draws both', async () => {
    const plot = join(folder, 'shrunk.svg');
    const sizes = ['--megapixels', '0.3,0.5', '--batch', '1', '--shrink-on-load', '--plot', plot];
    const [line] = await bench('encode', ...TINY, ...sizes, '--json');
    const { cases } = JSON.parse(line!) as { cases: { megapixels: number; shrinkOnLoad: boolean }[] };
    expect(cases.map(({ megapixels, shrinkOnLoad }) => [megapixels, shrinkOnLoad])).toEqual(
      [0.3, 0.5].flatMap((size) => [false, true].map((isShrunk) => [size, isShrunk])),
    );
    expect(await readFile(plot, 'utf8')).toMatch(
      /shrunk on load, decode[^]*whole, decode|whole, decode[^]*shrunk on load, decode/,
    );
  });
});

describe('the parts of a step', () => {
  const config = { width: 8, innerWidth: 32, vocabSize: 100 } as Parameters<typeof partOf>[1];
  const event = (operator: string, input: number[], output: number[]) =>
    partOf(
      {
        name: `${operator}_kernel_time`,
        ts: 0,
        dur: 1,
        args: { op_name: operator, input_type_shape: [{ float: input }], output_type_shape: [{ float: output }] },
      },
      config,
    );

  it('are told by operator and shape', () => {
    expect(event('Gemm', [6, 8], [6, 24])).toBe('linear layers: attention in');
    expect(event('Gemm', [6, 8], [6, 8])).toBe('linear layers: attention out');
    expect(event('MatMulIntegerToFloat', [6, 32], [6, 8])).toBe('linear layers: MLP out');
    expect(event('Gemm', [6, 8], [6, 100])).toBe('linear layer: head');
    expect(event('FusedMatMul', [2, 4, 3, 2], [2, 4, 3, 9])).toBe('attention: products');
    for (const operator of ['ReduceMax', 'GatherND', 'Gather']) {
      expect(event(operator, [6, 25, 4], [6, 25, 1])).toBe('head: log-softmax, top k');
    }
    expect(event('ReduceMax', [6, 8], [6, 1])).toBe('rounding to 8 bits, and back');
    expect(event('Concat', [2, 4, 3, 9], [2, 4, 3, 12])).toBe('attention: mask, softmax, layout');
  });
});

describe('a curve', () => {
  it('goes along the number that varies most, a line for each other value', () => {
    const cases = [1, 2, 4].flatMap((batch) =>
      ['fp32', 'int8'].map((precision) => ({ settings: { batch, precision, beams: 5 }, value: batch })),
    );
    const texts = { title: 'T', yLabel: 'Y', labels: { batch: 'images', precision: '' } };
    const svg = plotCases(cases, texts)!;
    expect(svg.match(/<polyline/g)).toHaveLength(2);
    expect(svg).toContain('>images<');
    expect(plotCases(cases.slice(0, 2), texts)).toBeUndefined();
  });
});
