import { describe, expect, it } from 'vitest';
import { consumerTiming } from './consumer-timing.js';
import { ConsumerWatchdog } from './consumer-watchdog.js';

const LIMITS = { heartbeatTimeoutMs: 1_000, progressTimeoutMs: 500, joinTimeoutMs: 1_500, checkEveryMs: 100 };

function watch({ isBrokerAnswering = true, limits = LIMITS } = {}) {
  const errors: Error[] = [];
  const clock = { ms: 0 };
  const broker = { isAnswering: isBrokerAnswering };
  const watchdog = new ConsumerWatchdog(
    limits,
    { isBrokerAnswering: async () => broker.isAnswering, onSilence: (error) => errors.push(error) },
    () => clock.ms,
  );
  watchdog.start();
  /** Lets time pass, with a look whenever one is due. */
  const pass = async (ms: number, each: () => void = () => {}): Promise<void> => {
    for (const end = clock.ms + ms; clock.ms < end && errors.length === 0;) {
      clock.ms += limits.checkEveryMs;
      each();
      await watchdog.check();
    }
  };
  return { watchdog, errors, clock, broker, pass };
}

describe('ConsumerWatchdog', () => {
  it('stays quiet while both signs come', async () => {
    const { watchdog, errors, pass } = watch();
    await pass(5_000, () => watchdog.saw('heartbeat', 'progress'));
    watchdog.stop();
    expect(errors).toEqual([]);
  });

  it.each([
    ['progress', 'heartbeat', 600],
    ['heartbeat', 'progress', 1_100],
  ] as const)('barks once when only %s is missing', async (missing, present, atMs) => {
    const { watchdog, errors, clock, pass } = watch();
    await pass(10_000, () => watchdog.saw(present));
    await watchdog.check();
    expect(errors.map(String)).toEqual([`Error: the Kafka consumer has shown no ${missing} for ${atMs} ms`]);
    expect(clock.ms).toBe(atMs);
  });

  it('waits longer while the group is joined', async () => {
    const { watchdog, errors, clock, pass } = watch();
    watchdog.joining();
    await pass(10_000);
    expect([clock.ms, errors.length]).toEqual([1_600, 1]);
    watchdog.stop();
  });

  it('does not call a consumer silent whose broker is away, and does once the broker is back', async () => {
    const { watchdog, errors, broker, pass } = watch({ isBrokerAnswering: false });
    await pass(20_000);
    expect(errors).toEqual([]);
    broker.isAnswering = true;
    await pass(1_200);
    watchdog.stop();
    expect(errors).toHaveLength(1);
  });

  it.each([300, 900, 3_000, 3_050])(
    'gives a consumer its whole limit after its broker was away for %i ms, and no more',
    async (awayMs) => {
      const limits = { ...LIMITS, progressTimeoutMs: 1_000 };
      const { watchdog, errors, clock, broker, pass } = watch({ isBrokerAnswering: false, limits });
      await pass(awayMs);
      broker.isAnswering = true;
      await pass(650);
      expect(errors).toEqual([]);
      watchdog.saw('heartbeat', 'progress');
      const lastSignAt = clock.ms;
      await pass(10_000);
      expect([clock.ms - lastSignAt, errors.length]).toEqual([1_100, 1]);
    },
  );

  it('does not count the time its own process slept', async () => {
    const { watchdog, errors, clock, pass } = watch();
    await pass(200);
    clock.ms += 60_000;
    await watchdog.check();
    await pass(100, () => watchdog.saw('heartbeat', 'progress'));
    watchdog.stop();
    expect(errors).toEqual([]);
  });

  it.each([6_000, 12_000, 60_000, 600_000])('of a session of %i ms: the process is gone within two', async (ms) => {
    const { watchdog: limits, askTimeoutMs, endingMs } = consumerTiming(ms);
    for (const isJoining of [false, true]) {
      const { watchdog, errors, clock, pass } = watch({ limits });
      if (isJoining) watchdog.joining();
      await pass(10 * ms);
      expect(errors).toHaveLength(1);
      expect(clock.ms + askTimeoutMs + endingMs).toBeLessThan(1.97 * ms);
    }
  });
});
