import { DomainError, toDomainError } from '@housestyle/domain';
import type { DecodeBatch, DecodeRequest } from './decode-batch.js';

export interface ContinuousBatchOptions<Item> {
  /** images decoded together. */
  readonly capacity: number;
  /** An empty batch: at the start, and after a step that failed. */
  open(): DecodeBatch;
  /** All that comes before the decoder: what is to be decoded of each item, in order. */
  prepare(items: readonly Item[]): Promise<DecodeRequest[]>;
}

/**
 * One batch that never ends: whose search is done leaves it at once, and who waits enters between two steps, first come
 * first served. So no image waits for the longest caption of those it came with, and no step runs half empty while
 * anybody waits. Between steps the thread's other work gets its turn: messages with more images, for one.
 */
export class ContinuousBatch<Item> {
  private waiting: Entry<Item>[] = [];
  private running: Decoding<Item>[] = [];
  private isGoing = false;
  /** stays when nobody is in it: fresh memory for another one's cache would take time. */
  private batch: DecodeBatch | undefined;

  constructor(private readonly options: ContinuousBatchOptions<Item>) {}

  /**
   * Resolves when the item's search is done.
   * @throws DomainError `deadline_exceeded` once `signal` is aborted, whether it waited or ran; or what went wrong
   */
  run(item: Item, signal?: AbortSignal): Promise<DecodeRequest> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ item, signal, resolve, reject });
      if (!this.isGoing) void this.go();
    });
  }

  /** Fails whoever waits or runs. */
  close(error: DomainError): void {
    this.batch = undefined;
    for (const entry of [...this.waiting.splice(0), ...this.running.splice(0)]) entry.reject(error);
  }

  private async go(): Promise<void> {
    this.isGoing = true;
    await nextTurn(); // who comes together enters together
    while (this.waiting.length + this.running.length > 0) {
      const batch = (this.batch ??= this.options.open());
      this.letGo(batch);
      await this.admit(batch);
      try {
        await batch.step();
      } catch (thrown) {
        for (const { reject } of this.running.splice(0)) reject(toDomainError(thrown));
        this.batch = undefined;
      }
      this.settle();
      await nextTurn();
    }
    this.isGoing = false;
  }

  /** Whoever gave up leaves. */
  private letGo(batch: DecodeBatch): void {
    const hasGivenUp = ({ signal }: Entry<Item>) => signal?.aborted === true;
    const leaving = [...this.waiting, ...this.running].filter(hasGivenUp);
    if (leaving.length === 0) return;
    batch.leave(new Set(this.running.filter(hasGivenUp).map(({ request }) => request.search)));
    this.waiting = this.waiting.filter((entry) => !hasGivenUp(entry));
    this.running = this.running.filter((entry) => !hasGivenUp(entry));
    for (const { reject } of leaving) reject(new DomainError('deadline_exceeded', 'nobody waits for it any more'));
  }

  /** As many as there is room for; several at once where several wait, for a run costs nearly as much for one. */
  private async admit(batch: DecodeBatch): Promise<void> {
    const { capacity } = this.options;
    const free = capacity - this.running.length;
    const worthwhile = Math.min(this.waiting.length, Math.ceil(capacity / ROOM_SHARE));
    if (this.waiting.length === 0 || free < worthwhile) return;
    const entries = this.waiting.splice(0, free);
    if (await this.enter(batch, entries)) return;
    // somebody's item is no good: which one shows when each comes alone
    for (const entry of entries) await this.enter(batch, [entry]);
  }

  /** @returns false when it went wrong for several: nobody has been told, and nobody is in. One alone is told. */
  private async enter(batch: DecodeBatch, entries: readonly Entry<Item>[]): Promise<boolean> {
    try {
      const requests = await this.options.prepare(entries.map(({ item }) => item));
      await batch.enter(requests);
      this.running.push(...entries.map((entry, i) => ({ ...entry, request: requests[i]! })));
    } catch (thrown) {
      if (entries.length > 1) return false;
      entries[0]!.reject(toDomainError(thrown));
    }
    return true;
  }

  private settle(): void {
    const isDone = ({ request }: Decoding<Item>) => request.search.nextRows.length === 0;
    const done = this.running.filter(isDone);
    if (done.length === 0) return;
    this.running = this.running.filter((entry) => !isDone(entry));
    for (const { request, resolve } of done) resolve(request);
  }
}

interface Entry<Item> {
  readonly item: Item;
  readonly signal: AbortSignal | undefined;
  readonly resolve: (request: DecodeRequest) => void;
  readonly reject: (error: DomainError) => void;
}

interface Decoding<Item> extends Entry<Item> {
  readonly request: DecodeRequest;
}

/** Of the batch: as much room is waited for before others enter, while the rest goes on. */
const ROOM_SHARE = 8;

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
