import { DomainError } from '@housestyle/domain';
import { Slots } from './slots.js';

export interface Politeness {
  /** requests under way, over all hosts. */
  readonly atOnce: number;
  /** requests under way at one host. */
  readonly perHost: number;
}

interface Host {
  readonly slots: Slots;
  silences: number;
}

/** Spreads requests over hosts, few at a time each, and leaves those alone that do not answer. */
export class PoliteHosts {
  private readonly all: Slots;
  private readonly hosts = new Map<string, Host>();

  constructor(private readonly politeness: Politeness) {
    this.all = new Slots(politeness.atOnce);
  }

  /** @throws DomainError `source_unavailable` for a host that has not answered time and again; what `work` throws */
  async ask<Answer>(hostname: string, work: () => Promise<Answer>): Promise<Answer> {
    const host = this.hostOf(hostname);
    // the host's turn first: who waits for a slow host must not keep others waiting
    return host.slots.use(async () => {
      if (host.silences >= GIVEN_UP_AFTER) {
        throw new DomainError('source_unavailable', `${hostname} has not answered ${GIVEN_UP_AFTER} times in a row`);
      }
      return this.all.use(async () => {
        try {
          const answer = await work();
          host.silences = 0;
          return answer;
        } catch (error) {
          host.silences = isSilence(error) ? host.silences + 1 : 0;
          throw error;
        }
      });
    });
  }

  /** Hosts that were given up get another chance. */
  forgive(): void {
    this.hosts.clear();
  }

  private hostOf(hostname: string): Host {
    const known = this.hosts.get(hostname);
    if (known) return known;
    const host = { slots: new Slots(this.politeness.perHost), silences: 0 };
    this.hosts.set(hostname, host);
    return host;
  }
}

const isSilence = (error: unknown): boolean =>
  error instanceof DomainError && (error.code === 'source_unavailable' || error.code === 'source_timeout');

const GIVEN_UP_AFTER = 10;
