import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  fetched,
  float32,
  GraphBuilder,
  int64,
  MemoryWeights,
  op,
  uint8,
  type FileTensor,
  type GraphSession,
} from '@housestyle/graph';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { areCudaLibrariesInstalled } from '../../../test/support/cuda.js';
import { OnnxGraphRunner } from './onnx-graph-runner.js';
import { operatorsLackingOn } from './operators-on-device.js';

const runner = new OnnxGraphRunner({ threads: 1 });
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'graph-runner-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('OnnxGraphRunner', () => {
  it('runs what the builder serialises, whatever the symbolic batch', async () => {
    const weights = new MemoryWeights(
      'test',
      new Map([
        ['w', float32([1, 2, 3, 4, 5, 6], [3, 2])],
        ['b', float32([0, 0, 100])],
      ]),
    );
    const g = new GraphBuilder('linear');
    const x = g.input('x', 'float32', ['B', 2]);
    const y = op.gemm(g, x, g.weight(weights, 'w', [3, 2]), g.weight(weights, 'b'), { transB: true });
    g.output('y', y, ['B', 3]);
    g.output('same', y, ['B', 3]);
    g.output('doubled', op.mul(g, y, g.float(2)), ['B', 3]);
    const session = await runner.load(g.build());
    expect(session.inputNames).toEqual(['x']);
    expect(session.outputNames).toEqual(['y', 'same', 'doubled']);
    for (const batch of [1, 3]) {
      const outputs = await session.run({ x: float32(new Float32Array(2 * batch).fill(1), [batch, 2]) }, [
        'y',
        'doubled',
      ]);
      expect(Object.keys(outputs)).toEqual(['y', 'doubled']);
      expect([...fetched(outputs, 'y', 'float32').data.slice(-3)]).toEqual([3, 7, 111]);
      expect(outputs.doubled?.dims).toEqual([batch, 3]);
      expect(() => fetched(outputs, 'y', 'int64')).toThrow(TypeError);
    }
    await session.release();
  });

  it('reads weights at an offset of files in several folders under one', async () => {
    const first = path.join(folder, 'first.bin');
    await writeFile(first, new Uint8Array(Float32Array.of(9, 1, 2, 9).buffer));
    const second = path.join(await mkdtemp(path.join(folder, 'nested-')), 'second.bin');
    await writeFile(second, new Uint8Array(Float32Array.of(10, 20).buffer));
    const inFile = (file: string, offset: number): FileTensor => ({
      type: 'float32',
      dims: [2],
      file,
      offset,
      length: 8,
    });
    const g = new GraphBuilder('external');
    const x = g.input('x', 'uint8', [2]);
    const scaled = op.mul(g, op.cast(g, x, 'float32'), g.initializer('a', inFile(first, 4)));
    g.output('y', op.add(g, scaled, g.initializer('b', inFile(second, 0))), [2]);
    const model = g.build();
    expect(model.weightsFolder).toBe(folder);
    const session = await runner.load(model);
    const outputs = await session.run({ x: uint8(Uint8Array.of(1, 255)) });
    expect([...fetched(outputs, 'y', 'float32').data]).toEqual([11, 530]);
    await session.release();
  });

  it('takes and gives halves as bits, whatever arrays JavaScript has', async () => {
    const g = new GraphBuilder('halves');
    const x = g.input('x', 'float16', ['N']);
    g.output('twice', op.concat(g, [x, x], 0), ['M']);
    g.output('wide', op.cast(g, x, 'float32'), ['N']);
    const session = await runner.load(g.build());
    const [one, minusTwo] = [0x3c00, 0xc000];
    for (const bits of [[], [one, minusTwo]]) {
      const x = { type: 'float16' as const, data: Uint16Array.from(bits), dims: [bits.length] };
      const outputs = await session.run({ x });
      expect(fetched(outputs, 'twice', 'float16').data).toEqual(Uint16Array.from([...bits, ...bits]));
      expect([...fetched(outputs, 'wide', 'float32').data]).toEqual(bits.length === 0 ? [] : [1, -2]);
    }
    await session.release();
  });

  it('gives top-k values and their 64-bit indices', async () => {
    const g = new GraphBuilder('top-k');
    const [values, indices] = op.topK(g, g.input('x', 'float32', ['B', 4]), g.input('k', 'int64', [1]));
    g.output('values', values, ['B', 'K']);
    g.output('indices', indices, ['B', 'K']);
    const session = await runner.load(g.build());
    const outputs = await session.run({ x: float32([1, 4, 3, 2], [1, 4]), k: int64([2]) });
    expect([...fetched(outputs, 'values', 'float32').data]).toEqual([4, 3]);
    expect([...fetched(outputs, 'indices', 'int64').data]).toEqual([1n, 2n]);
    await session.release();
  });

  it('calls a graph that the runtime refuses an invalid model, by name', async () => {
    const g = new GraphBuilder('broken');
    g.output('y', g.apply('NoSuchOperator', [g.input('x', 'float32', [1])], 'float32'), [1]);
    await expect(runner.load(g.build())).rejects.toMatchObject({
      code: 'invalid_model',
      message: expect.stringMatching(/^graph broken: .*NoSuchOperator/) as string,
    });
  });

  it('finds a graph’s operators that only the CPU could compute, whatever their shapes, but for those on integers', async () => {
    const g = new GraphBuilder('mixed');
    const x = g.input('x', 'float32', ['B', 4]);
    const weights = new MemoryWeights('test', new Map([['w', float32(new Float32Array(16), [4, 4])]]));
    const y = op.gemm(g, op.mul(g, x, x), g.weight(weights, 'w'));
    const [best, ids] = op.topK(g, op.reshape(g, op.logSoftmax(g, y), [-1, 4]), g.input('k', 'int64', [1]));
    g.output('y', op.cast(g, op.mul(g, op.cast(g, best, 'float16'), op.cast(g, best, 'float16')), 'float32'), [
      'B',
      'k',
    ]);
    g.output('ids', op.add(g, ids, g.ints(1)), ['B', 'k']);
    // the CPU stands for a device without any kernels: all that is asked for falls back to it
    const lacking = ['Mul', 'Gemm', 'LogSoftmax', 'Reshape', 'TopK', 'Cast'];
    expect(await operatorsLackingOn('cpu', g.build())).toEqual(lacking);
  });

  it.each(['cuda', 'webgpu'] as const)(
    'computes on %s, or says what is missing, but never on the CPU',
    async (device) => {
      const g = new GraphBuilder('doubling');
      g.output('y', op.mul(g, g.input('x', 'float32', [1]), g.float(2)), [1]);
      const outcome = await new OnnxGraphRunner({ device }).load(g.build()).catch((error: unknown) => error);
      if (outcome instanceof Error) {
        const message = expect.stringMatching(new RegExp(`^${device} is not there .*; install `)) as string;
        expect(outcome).toMatchObject({ code: 'device_unavailable', message });
        return;
      }
      if (device === 'cuda') expect(areCudaLibrariesInstalled()).toBe(true);
      const session = outcome as GraphSession;
      expect([...fetched(await session.run({ x: float32([21]) }), 'y', 'float32').data]).toEqual([42]);
      await session.release();
    },
  );
});
