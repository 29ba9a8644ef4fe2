import { performance } from 'node:perf_hooks';

export interface Elapsed {
  readonly wallMs: number;
  /** of all threads of this process, user and system: what neighbours on the machine disturb least. */
  readonly cpuMs: number;
}

/** Runs until it is read; read again, it says the time since the first beginning. */
export function stopwatch(): () => Elapsed {
  const begun = now();
  return () => {
    const ended = now();
    return { wallMs: ended.wallMs - begun.wallMs, cpuMs: ended.cpuMs - begun.cpuMs };
  };
}

function now(): Elapsed {
  const { user, system } = process.cpuUsage();
  return { wallMs: performance.now(), cpuMs: (user + system) / 1000 };
}
