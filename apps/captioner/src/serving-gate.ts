import { CAPTIONER_SERVICE } from '@housestyle/contracts/captioner';
import { DomainError } from '@housestyle/domain';
import { HealthImplementation } from 'grpc-health-check';

type Phase = 'starting' | 'serving' | 'broken' | 'draining';

const NO_SERVICE_NAMED = '';

/**
 * Whether calls are let in: starting → serving (⇄ broken) → draining. What health checks say follows from it. All that
 * calls keep in memory here is counted, whatever it waits for: a queue, a thread, or a mapper on its way.
 */
export class ServingGate {
  readonly health = new HealthImplementation();
  private phase: Phase = 'starting';
  private inside = 0;
  private itemsInside = 0;
  private whenEmpty: (() => void)[] = [];

  /** @param maxItems of all calls inside together */
  constructor(private readonly maxItems: number) {
    this.enter('starting');
  }

  get isServing(): boolean {
    return this.phase === 'serving';
  }

  open(): void {
    this.enter('serving');
  }

  /** Lets nobody in until `recover`: there is nobody left to do the work. */
  break(): void {
    if (this.isServing) this.enter('broken');
  }

  recover(): void {
    if (this.phase === 'broken') this.enter('serving');
  }

  /** Lets nobody else in; resolves when everyone is out, or after `timeoutMs`, telling how many calls are left. */
  async drain(timeoutMs: number): Promise<number> {
    this.enter('draining');
    if (this.inside === 0) return 0;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.whenEmpty.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
    return this.inside;
  }

  /** @throws DomainError `captioner_unavailable` when not serving, `captioner_overloaded` when there is no room. */
  async admit<T>(items: number, work: () => Promise<T>): Promise<T> {
    if (!this.isServing) throw new DomainError('captioner_unavailable', `the captioner is ${this.phase}`);
    if (this.itemsInside + items > this.maxItems) {
      throw new DomainError('captioner_overloaded', `${this.itemsInside} items are inside, ${items} more do not fit`);
    }
    this.inside++;
    this.itemsInside += items;
    try {
      return await work();
    } finally {
      this.itemsInside -= items;
      if (--this.inside === 0) for (const resolve of this.whenEmpty.splice(0)) resolve();
    }
  }

  private enter(phase: Phase): void {
    this.phase = phase;
    const status = phase === 'serving' ? 'SERVING' : 'NOT_SERVING';
    this.health.setStatus(NO_SERVICE_NAMED, status);
    this.health.setStatus(CAPTIONER_SERVICE, status);
  }
}
