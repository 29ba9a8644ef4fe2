import { expect, it } from 'vitest';
import { ConsumerWatchdog } from './consumer-watchdog.js';

function watch() {
  const errors: Error[] = [];
  const clock = { ms: 0 };
  const limits = { heartbeatTimeoutMs: 1_000, progressTimeoutMs: 500 };
  const watchdog = new ConsumerWatchdog(
    limits,
    (error) => errors.push(error),
    () => clock.ms,
  );
  watchdog.start();
  return { watchdog, errors, clock };
}

it('stays quiet while both signs come', () => {
  const { watchdog, errors, clock } = watch();
  for (clock.ms = 0; clock.ms < 5_000; clock.ms += 400) {
    watchdog.saw('heartbeat', 'progress');
    watchdog.check();
  }
  watchdog.stop();
  expect(errors).toEqual([]);
});

it.each([
  ['progress', 'heartbeat', 501],
  ['heartbeat', 'progress', 1_001],
] as const)('barks when only %s is missing', (missing, present, atMs) => {
  const { watchdog, errors, clock } = watch();
  clock.ms = atMs;
  watchdog.saw(present);
  watchdog.check();
  watchdog.stop();
  expect(errors.map(String)).toEqual([expect.stringContaining(`no ${missing} for ${atMs} ms`)]);
});
