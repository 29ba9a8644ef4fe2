import { DomainError, toDomainError } from '@housestyle/domain';
import { LoadQueue } from './load-queue.js';

/** Something that takes memory while it is loaded. */
export interface Resident {
  close(): Promise<void>;
}

export interface ResidentBasesOptions<Base extends Resident> {
  /** what all together may take, as told by `sizes`. */
  readonly maxBytes: number;
  load(name: string): Promise<Base>;
  /** how long a caller waits for its base; the loading goes on. */
  readonly loadTimeoutMs: number;
  /** items of callers that wait for one base. */
  readonly maxWaiting: number;
  /** a base that could not be loaded is not tried again before; callers get the same error meanwhile. */
  readonly retryAfterMs?: number;
  /** how long one waits for another to fall idle before the one that has been busy longest must make way. */
  readonly turnMs?: number;
  onLoaded?(name: string, seconds: number): void;
  onLoadFailed?(name: string, error: DomainError): void;
  onEvicted?(name: string): void;
}

export interface Use {
  /** what counts against `maxWaiting`. */
  readonly items: number;
  /** epoch milliseconds; Infinity for none. */
  readonly deadline: number;
  readonly signal: AbortSignal;
}

/**
 * absent → wanted (waits for room) → loading → loaded → leaving → absent. A base is leaving when another needs its room:
 * it finishes what it has begun, lets nobody else in, and who asks for it meanwhile waits until it is loaded again.
 */
type State = 'absent' | 'wanted' | 'loading' | 'loaded' | 'leaving';

interface Place<Base> {
  readonly name: string;
  readonly bytes: number;
  state: State;
  base?: Base;
  /** callers inside. */
  uses: number;
  usedAt: number;
  loadedAt: number;
  wantedAt: number;
  readonly waiting: LoadQueue<Base>;
  failure?: { readonly error: DomainError; readonly until: number };
}

const RETRY_AFTER_MS = 5_000;
const TURN_MS = 1_000;

/**
 * The bases that are loaded, within a budget of memory. One that is needed and does not fit takes the room of the
 * longest unused that has nothing to do. Each waits, loads and fails by itself.
 */
export class ResidentBases<Base extends Resident> {
  private readonly places: ReadonlyMap<string, Place<Base>>;
  /** longest waiting first. */
  private readonly wanted: Place<Base>[] = [];
  private turnTimer: NodeJS.Timeout | undefined;
  private isClosed = false;

  /** @param sizes bytes by name, in the order in which they are loaded at the start; each within the budget */
  constructor(
    sizes: ReadonlyMap<string, number>,
    private readonly options: ResidentBasesOptions<Base>,
  ) {
    this.places = new Map([...sizes].map(([name, bytes]) => [name, newPlace<Base>(name, bytes)]));
  }

  get loadedNames(): string[] {
    return [...this.places.values()].filter(({ base }) => base !== undefined).map(({ name }) => name);
  }

  /** Of what is loaded, being loaded or leaving. */
  get takenBytes(): number {
    return sumOf([...this.places.values()].filter(({ state }) => TAKES_MEMORY[state]));
  }

  get waitingItems(): number {
    return [...this.places.values()].reduce((sum, { waiting }) => sum + waiting.items, 0);
  }

  /** Loads, in order, what fits together. @throws DomainError of the first that could not be loaded */
  async loadFirst(): Promise<void> {
    const loads: Promise<void>[] = [];
    for (const place of this.places.values()) {
      if (this.takenBytes + place.bytes <= this.options.maxBytes) loads.push(this.load(place));
    }
    await Promise.all(loads);
    const failed = [...this.places.values()].find(({ failure }) => failure);
    if (failed) throw failed.failure!.error.cause;
  }

  /**
   * What `work` makes of the loaded base, which stays for as long.
   * @throws DomainError `model_unavailable` when it cannot be loaded, or not in time; `captioner_overloaded` when too
   * many wait for it; `deadline_exceeded`
   */
  async use<T>(name: string, { items, deadline, signal }: Use, work: (base: Base) => Promise<T>): Promise<T> {
    const place = this.places.get(name)!;
    const base = this.enter(place) ?? (await this.wait(place, items, deadline, signal));
    try {
      return await work(base);
    } finally {
      place.uses--;
      place.usedAt = performance.now();
      if (place.state === 'leaving' && place.uses === 0) void this.evict(place);
      else this.makeRoom();
    }
  }

  /** Fails who waits; resolves when everything is closed. */
  async close(): Promise<void> {
    this.isClosed = true;
    clearTimeout(this.turnTimer);
    const places = [...this.places.values()];
    for (const { waiting, name } of places) waiting.failAll(unavailable(name, 'the captioner is shutting down'));
    await Promise.all(places.map(async ({ base }) => base?.close()));
  }

  private enter(place: Place<Base>): Base | undefined {
    if (place.state !== 'loaded') return undefined;
    place.uses++;
    return place.base;
  }

  private wait(place: Place<Base>, items: number, deadline: number, signal: AbortSignal): Promise<Base> {
    const { failure, waiting } = place;
    const { loadTimeoutMs, maxWaiting } = this.options;
    if (failure && performance.now() < failure.until) throw failure.error;
    if (waiting.items + items > maxWaiting) {
      throw new DomainError('captioner_overloaded', `${waiting.items} items wait for ${place.name} to be loaded`);
    }
    const entered = waiting.add(items, { deadline, signal, timeoutMs: loadTimeoutMs }, () =>
      unavailable(place.name, `it was not loaded within ${loadTimeoutMs} ms`),
    );
    if (place.state === 'absent') this.want(place);
    return entered;
  }

  private want(place: Place<Base>): void {
    place.state = 'wanted';
    place.wantedAt = performance.now();
    this.wanted.push(place);
    this.makeRoom();
  }

  /** Loads what waits for room, in turn, and sees to it that there will be room for the next. */
  private makeRoom(): void {
    if (this.isClosed) return;
    clearTimeout(this.turnTimer);
    for (;;) {
      const next = this.wanted[0];
      if (!next) return;
      if (next.waiting.items === 0) {
        // whoever wanted it has given up
        this.wanted.shift();
        next.state = 'absent';
      } else if (this.takenBytes + next.bytes <= this.options.maxBytes) {
        this.wanted.shift();
        void this.load(next);
      } else if (!this.clearFor(next)) return;
    }
  }

  /** @returns whether there is room now */
  private clearFor(next: Place<Base>): boolean {
    const places = [...this.places.values()];
    const leaving = sumOf(places.filter(({ state }) => state === 'leaving'));
    if (this.takenBytes - leaving + next.bytes <= this.options.maxBytes) return false;
    const loaded = places.filter(({ state }) => state === 'loaded');
    const idle = loaded.filter(({ uses }) => uses === 0).sort((a, b) => a.usedAt - b.usedAt)[0];
    if (idle) {
      void this.evict(idle);
      return this.clearFor(next);
    }
    const { turnMs = TURN_MS } = this.options;
    const leftMs = next.wantedAt + turnMs - performance.now();
    if (leftMs > 0) this.turnTimer = setTimeout(() => this.makeRoom(), Math.ceil(leftMs));
    else {
      const longest = loaded.sort((a, b) => a.loadedAt - b.loadedAt)[0];
      if (longest) {
        longest.state = 'leaving';
        return this.clearFor(next);
      }
    }
    return false;
  }

  private async evict(place: Place<Base>): Promise<void> {
    place.state = 'leaving';
    const { base } = place;
    delete place.base;
    this.options.onEvicted?.(place.name);
    await base?.close().catch(() => undefined);
    this.leave(place);
  }

  private async load(place: Place<Base>): Promise<void> {
    place.state = 'loading';
    const begunAt = performance.now();
    try {
      const base = await this.options.load(place.name);
      if (this.isClosed) return await base.close();
      const now = performance.now();
      Object.assign(place, { base, state: 'loaded', loadedAt: now, usedAt: now });
      delete place.failure;
      place.uses += place.waiting.admitAll(base);
      this.options.onLoaded?.(place.name, (now - begunAt) / 1000);
      this.makeRoom();
    } catch (cause) {
      const { code, message } = toDomainError(cause);
      const error = unavailable(place.name, `${code}: ${message}`, cause);
      place.failure = { error, until: performance.now() + (this.options.retryAfterMs ?? RETRY_AFTER_MS) };
      place.waiting.failAll(error);
      this.options.onLoadFailed?.(place.name, error);
      this.leave(place);
    }
  }

  private leave(place: Place<Base>): void {
    place.state = 'absent';
    if (place.waiting.items > 0) this.want(place);
    else this.makeRoom();
  }
}

const TAKES_MEMORY: Readonly<Record<State, boolean>> = {
  absent: false,
  wanted: false,
  loading: true,
  loaded: true,
  leaving: true,
};

const newPlace = <Base>(name: string, bytes: number): Place<Base> => ({
  name,
  bytes,
  state: 'absent',
  uses: 0,
  usedAt: 0,
  loadedAt: 0,
  wantedAt: 0,
  waiting: new LoadQueue<Base>(),
});

const sumOf = (places: readonly { readonly bytes: number }[]): number =>
  places.reduce((sum, { bytes }) => sum + bytes, 0);

const unavailable = (name: string, why: string, cause?: unknown): DomainError =>
  new DomainError('model_unavailable', `base model ${name}: ${why}`, { cause });
