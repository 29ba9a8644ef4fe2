import type { MapperVersionFiles } from '@housestyle/clipcap';
import { MemoryWeights, readWeight } from '@housestyle/graph';
import { expect, it } from 'vitest';
import type { CaptionWriter } from './caption-writer.js';
import { fillOrder, ThreadedWriter, type CaptionThreads } from './threaded-writer.js';

/** Says of each picture its first value, and of the mapper all that there is. */
const writer: CaptionWriter = {
  write: async (files, embeddings) => {
    const { config, ...parts } = files ?? {};
    const said = Object.entries(parts).map(
      ([part, source]) => `${part} ${source.label} ${readWeight(source, 'a.A').join()}`,
    );
    const mapper = files ? `${JSON.stringify(config)} ${said.sort().join()}` : 'base';
    return embeddings.map(([n]) => ({ text: `${n} by ${mapper}`, length: 1, isStopped: true }));
  },
};

/** Each order goes as it would go to a thread. */
function threads(size: number) {
  const orders: number[] = [];
  const run: CaptionThreads['run'] = async (order) => {
    orders.push(order.embeddings.length);
    return structuredClone(await fillOrder(writer, structuredClone(order)));
  };
  return { size, run, ready: async () => undefined, close: async () => undefined, orders };
}

const holding = (label: string, ...values: number[]) =>
  new MemoryWeights(label, new Map([['a.A', { type: 'float32', dims: [values.length], data: Float32Array.from(values) }]])); // prettier-ignore
const version: MapperVersionFiles = {
  config: { num_beams: 5 },
  weights: holding('mapper', 1, 2),
  mapperDelta: holding('mapper delta', 3),
  decoderDelta: holding('decoder delta', 4, 5),
};
const pictures = (count: number) => Array.from({ length: count }, (_, n) => Float32Array.of(n, 7));

it.each([1, 2, 3])('writes what one thread would write, in its order, in %i', async (size) => {
  const shared = threads(size);
  for (const files of [version, undefined])
    expect(await new ThreadedWriter(shared).write(files, pictures(7))).toEqual(await writer.write(files, pictures(7)));
  const [least, most] = [Math.min(...shared.orders), Math.max(...shared.orders)];
  expect(most - least).toBeLessThanOrEqual(1);
  expect(shared.orders).toHaveLength(2 * size);
});

it('tells every thread when to stop', async () => {
  const controller = new AbortController();
  const signals: (AbortSignal | undefined)[] = [];
  const shared = threads(2);
  const run: CaptionThreads['run'] = (order, transfer, signal) => {
    signals.push(signal);
    return shared.run(order, transfer, signal);
  };
  await new ThreadedWriter({ ...shared, run }, controller.signal).write(undefined, pictures(7));
  expect(signals).toEqual([controller.signal, controller.signal]);
});

it('asks no thread for nothing', async () => {
  const shared = threads(4);
  expect(await new ThreadedWriter(shared).write(undefined, [])).toEqual([]);
  expect(await new ThreadedWriter(shared).write(undefined, pictures(2))).toHaveLength(2);
  expect(shared.orders).toEqual([1, 1]);
});
