import { openSync, readSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

/** How long an event loop was held up at worst, milliseconds. */
export interface HeldUp {
  readonly most: number;
  /** without what its thread stood in the kernel's queue for a core meanwhile. */
  readonly mostOnCore: number;
}

/**
 * Loaded into a program before all else (`node --import`): answers each message of its parent with the worst since the
 * last one, `HeldUp`. Linux only, whose kernel counts what a thread waits.
 */
function watch(): void {
  const schedstat = openSync('/proc/thread-self/schedstat', 'r');
  const buffer = Buffer.alloc(128);
  /** Milliseconds that this thread could have run and had no core. */
  const waitedMs = (): number => {
    const [, waited] = buffer.toString('latin1', 0, readSync(schedstat, buffer, 0, buffer.length, 0)).split(' ');
    return Number(waited) / 1e6;
  };

  let worst: HeldUp = NOTHING;
  let [due, waited] = [performance.now() + EVERY_MS, waitedMs()];
  const tick = (): void => {
    const [now, waitedByNow] = [performance.now(), waitedMs()];
    const late = Math.max(0, now - due);
    const onCore = Math.max(0, late - (waitedByNow - waited));
    worst = { most: Math.max(worst.most, late), mostOnCore: Math.max(worst.mostOnCore, onCore) };
    [due, waited] = [now + EVERY_MS, waitedByNow];
    setTimeout(tick, EVERY_MS).unref();
  };
  setTimeout(tick, EVERY_MS).unref();
  process.on('message', () => {
    process.send!(worst);
    worst = NOTHING;
  });
  process.channel!.unref(); // the program ends when it would end without this
}

/** Waiting before a tick is due counts as waiting after it: so much at most. */
const EVERY_MS = 1;
const NOTHING: HeldUp = { most: 0, mostOnCore: 0 };

if (isMainThread) watch(); // its workers load it too
