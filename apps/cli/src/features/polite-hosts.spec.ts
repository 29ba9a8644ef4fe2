import { DomainError } from '@housestyle/domain';
import { describe, expect, it } from 'vitest';
import { PoliteHosts } from './polite-hosts.js';

const silence = async (): Promise<never> => {
  throw new DomainError('source_timeout', 'no answer');
};

describe('polite hosts', () => {
  it('are asked a few times at once each, and all together no more than allowed', async () => {
    const hosts = new PoliteHosts({ atOnce: 5, perHost: 2 });
    const underWay = new Map<string, number>();
    let [together, most, mostAtOne] = [0, 0, 0];
    const ask = (host: string) =>
      hosts.ask(host, async () => {
        const here = (underWay.get(host) ?? 0) + 1;
        underWay.set(host, here);
        [most, mostAtOne] = [Math.max(most, ++together), Math.max(mostAtOne, here)];
        await new Promise((resolve) => setImmediate(resolve));
        underWay.set(host, underWay.get(host)! - 1);
        together--;
        return host;
      });
    const asked = Array.from({ length: 60 }, (_, n) => `host ${n % 4}`);
    expect(await Promise.all(asked.map(ask))).toEqual(asked);
    expect([most, mostAtOne]).toEqual([5, 2]);
  });

  it('do not wait for a slow one', async () => {
    const hosts = new PoliteHosts({ atOnce: 2, perHost: 1 });
    let release = (): void => {};
    const slow = hosts.ask('slow', () => new Promise<void>((resolve) => (release = resolve)));
    const behind = hosts.ask('slow', async () => 'behind');
    expect(await hosts.ask('quick', async () => 'quick')).toBe('quick');
    release();
    await slow;
    expect(await behind).toBe('behind');
  });

  it('that do not answer time and again are left alone until they are forgiven', async () => {
    const hosts = new PoliteHosts({ atOnce: 4, perHost: 1 });
    let asked = 0;
    const failures = await Promise.all(
      Array.from({ length: 15 }, () =>
        hosts.ask('dead', () => (asked++, silence())).catch((error: DomainError) => error),
      ),
    );
    expect(asked).toBe(10);
    expect(failures.at(-1)).toMatchObject({ code: 'source_unavailable' });
    expect(await hosts.ask('alive', async () => 1)).toBe(1);
    hosts.forgive();
    expect(await hosts.ask('dead', async () => 1)).toBe(1);
  });

  it('that answer, if only that nothing is there, are asked on', async () => {
    const hosts = new PoliteHosts({ atOnce: 4, perHost: 1 });
    const gone = async (): Promise<never> => {
      throw new DomainError('source_not_found', 'The server answered 404');
    };
    for (let n = 0; n < 15; n++) await expect(hosts.ask('poor', gone)).rejects.toThrow('404');
    expect(await hosts.ask('poor', async () => 1)).toBe(1);
  });
});
