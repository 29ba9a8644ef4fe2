import { loadavg } from 'node:os';
import { performance } from 'node:perf_hooks';
import type { Timing } from './cell-results.js';

/** Time by the clock and by the processor: on a busy machine only the second one tells what something costs. */
export class Stopwatch {
  private readonly begun = performance.now();
  private readonly cpu = process.cpuUsage();

  timing(): Timing {
    const { user, system } = process.cpuUsage(this.cpu);
    return {
      seconds: (performance.now() - this.begun) / 1000,
      cpuSeconds: (user + system) / 1e6,
      load: loadavg()[0]!,
    };
  }
}
