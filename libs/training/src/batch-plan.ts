import { Random } from './random.js';

export interface BatchSettings {
  /** examples that go through the engine at once. */
  readonly batchSize: number;
  /** batches that one update is made of. */
  readonly accumulation: number;
  readonly seed: number;
  /**
   * of-like-length, unless said otherwise: batches of captions of like length, the last one as small as it comes.
   * shuffled: as they come from a shuffle, and captions that fill no batch are left out of their epoch, as in the
   * official code.
   */
  readonly order?: 'of-like-length' | 'shuffled';
}

/** How many batches an epoch of `count` examples has. */
export const batchesOfEpoch = (count: number, { batchSize, order }: Pick<BatchSettings, 'batchSize' | 'order'>) =>
  order === 'shuffled' ? Math.floor(count / batchSize) : Math.ceil(count / batchSize);

/**
 * Which examples make which update: every example once an epoch, none left out however few there are, unless the order
 * says so. Batches hold captions of like length, because padding costs time, but in a new order each epoch. A plan is a function of its seed:
 * update 700 is the same whether the 699 before it were just made or long ago.
 */
export class BatchPlan {
  readonly updatesPerEpoch: number;
  private planned: { readonly epoch: number; readonly updates: readonly Update[] } | undefined;

  /** @param lengths tokens of each example */
  constructor(
    private readonly lengths: readonly number[],
    private readonly settings: BatchSettings,
  ) {
    this.updatesPerEpoch = Math.ceil(batchesOfEpoch(lengths.length, settings) / settings.accumulation);
  }

  /** The batches of update `update`, counted from 0 over all epochs: indices of examples. */
  batches(update: number): Update {
    const epoch = Math.floor(update / this.updatesPerEpoch);
    if (this.planned?.epoch !== epoch) this.planned = { epoch, updates: this.plan(epoch) };
    return this.planned.updates[update % this.updatesPerEpoch]!;
  }

  private plan(epoch: number): readonly Update[] {
    const { batchSize, accumulation, seed, order: asked } = this.settings;
    const random = Random.of(seed, EPOCHS, epoch);
    const order = random.shuffled([...this.lengths.keys()]);
    if (asked === 'shuffled') {
      const whole = batchesOfEpoch(order.length, this.settings) * batchSize;
      return chunks(chunks(order.slice(0, whole), batchSize), accumulation);
    }
    const batches = chunks(order, batchSize * SORTED_BATCHES).flatMap((some) =>
      chunks(
        some.sort((a, b) => this.lengths[a]! - this.lengths[b]!),
        batchSize,
      ),
    );
    return chunks(random.shuffled(batches), accumulation);
  }
}

type Update = readonly (readonly number[])[];

/** Batches whose captions are sorted among each other: more would save little padding and mix worse. */
const SORTED_BATCHES = 16;

/** The purpose of a random stream. */
const EPOCHS = 1;

function chunks<T>(elements: readonly T[], size: number): T[][] {
  const count = Math.ceil(elements.length / size);
  return Array.from({ length: count }, (_, n) => elements.slice(n * size, (n + 1) * size));
}
