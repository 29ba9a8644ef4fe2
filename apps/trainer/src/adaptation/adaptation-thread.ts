import { Worker } from 'node:worker_threads';
import { DomainError } from '@housestyle/domain';
import type { AdaptationProgress } from '@housestyle/training';
import { STOP, type AdaptationOrder, type AdaptationReport, type AdaptationResult } from './adaptation-messages.js';

/** How long a thread that was told to stop may take over it. */
const STOP_GRACE_MS = 5_000;
/** How long one that has said all may take to end by itself: a connection that is kept open must hold up no promotion. */
const END_GRACE_MS = 500;

export interface AdaptationHooks {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: AdaptationProgress) => void;
}

/** Runs adaptations in threads of their own, one for each order, so that this one goes on answering. */
export class AdaptationThread {
  /** @param script a module that calls `serveAdaptation` */
  constructor(private readonly script: URL) {}

  /** @throws the signal's reason when it was aborted, else what went wrong in there */
  run(order: AdaptationOrder, { signal, onProgress }: AdaptationHooks): Promise<AdaptationResult> {
    signal.throwIfAborted();
    const worker = new Worker(this.script, { workerData: order });
    let grace: NodeJS.Timeout | undefined;
    const stop = (): void => {
      worker.postMessage(STOP);
      grace = setTimeout(() => void worker.terminate(), STOP_GRACE_MS);
    };
    signal.addEventListener('abort', stop, { once: true });
    const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    const outcome = new Promise<AdaptationResult>((resolve, reject) => {
      worker.on('message', (report: AdaptationReport) => {
        if (report.kind === 'progress') onProgress(report.progress);
        else if (report.kind === 'result') resolve(report.result);
        else reject(new DomainError(report.code, report.message));
      });
      worker.once('error', reject);
      worker.once('exit', () => reject(new DomainError('internal', 'the thread ended without an outcome')));
    });
    return outcome
      .catch((error: unknown) => {
        throw signal.aborted ? signal.reason : error;
      })
      .finally(async () => {
        signal.removeEventListener('abort', stop);
        grace ??= setTimeout(() => void worker.terminate(), END_GRACE_MS);
        await ended;
        clearTimeout(grace);
      });
  }
}
