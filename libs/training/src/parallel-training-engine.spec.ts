import { describe, expect, it } from 'vitest';
import type { CaptionExample } from './caption-example.js';
import { ParallelTrainingEngine } from './parallel-training-engine.js';
import type { TrainingEngine, TrainingModel } from './training-engine.js';

/** What each engine was given, in the order in which they began. */
let begun: { readonly engine: string; readonly lengths: readonly number[] }[];

const engine = (name: string): TrainingEngine => ({
  compile: () =>
    Promise.resolve({
      step(examples) {
        begun.push({ engine: name, lengths: examples.map(({ tokens }) => tokens.length) });
        return Promise.resolve({
          loss: examples.length,
          gradients: new Map([['w', [Float32Array.of(examples.length)]]]),
        });
      },
      loss: () => Promise.resolve(0),
      release: () => Promise.resolve(),
    }),
});

const model = { mapper: { config: { prefixLength: 2 } } } as TrainingModel;
const captions = (...lengths: number[]): CaptionExample[] =>
  lengths.map((length) => ({ embedding: Float32Array.of(0), tokens: Array<number>(length).fill(1), weight: 1 }));

async function step(engines: number, ...lengths: number[]) {
  begun = [];
  const [first, ...others] = ['first', 'second', 'third'].slice(0, engines).map(engine);
  const session = await new ParallelTrainingEngine([first!, ...others]).compile(model, new Map());
  return session.step(captions(...lengths), { normalizer: 1, dropoutSeed: 1 });
}

describe('ParallelTrainingEngine', () => {
  it('divides what there is to do among engines in shares of like length, and begins with other threads’', async () => {
    const { loss, gradients } = await step(2, 18, 3, 4, 18, 3, 4, 3, 4, 3, 4);
    expect(begun).toEqual([
      { engine: 'second', lengths: [18] },
      { engine: 'second', lengths: [18] },
      { engine: 'first', lengths: [3, 3, 3, 3, 4] },
      { engine: 'first', lengths: [4, 4, 4] },
    ]);
    expect(loss).toBe(10);
    expect(gradients.get('w')).toEqual([Float32Array.of(10)]);
  });

  it('divides a batch alike however many engines there are', async () => {
    const sharesOf = async (engines: number) => {
      await step(engines, 30, 1, 12, 7, 7, 22, 5, 9);
      return begun.map(({ lengths }) => lengths.join()).sort();
    };
    expect(await sharesOf(1)).toEqual(await sharesOf(3));
  });

  it('divides a large batch into more of them', async () => {
    await step(2, ...Array<number>(40).fill(38));
    expect(begun.map(({ lengths }) => lengths.length)).toEqual(Array(8).fill(5));
    await step(2, ...Array<number>(28).fill(38));
    expect(begun.map(({ lengths }) => lengths.length)).toEqual(Array(4).fill(7));
  });

  it('makes no share of nothing', async () => {
    expect((await step(3, 5)).loss).toBe(1);
    expect(begun).toEqual([{ engine: 'first', lengths: [5] }]);
  });
});
