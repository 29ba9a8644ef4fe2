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
          gradients: new Map([['w', Float32Array.of(examples.length)]]),
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
  it('gives each engine captions of like length, about as many positions, and the calling thread’s last', async () => {
    const { loss, gradients } = await step(2, 18, 3, 4, 18, 3, 4, 3, 4, 3, 4);
    expect(begun).toEqual([
      { engine: 'second', lengths: [18, 18] },
      { engine: 'first', lengths: [3, 3, 3, 3, 4, 4, 4, 4] },
    ]);
    expect(loss).toBe(10);
    expect([...gradients.get('w')!]).toEqual([10]);
  });

  it('leaves engines out rather than giving them nothing', async () => {
    expect((await step(3, 5)).loss).toBe(1);
    expect(begun).toEqual([{ engine: 'first', lengths: [5] }]);
  });
});
