import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { toDomainError } from '@housestyle/domain';
import { openObjectStore } from '@housestyle/object-store';
import type { Adapt } from '@housestyle/training';
import { STOP, type AdaptationOrder, type AdaptationReport, type AdaptationResult } from './adaptation-messages.js';
import { CheckpointObjects } from './checkpoint-objects.js';
import { MapperArtefacts } from './mapper-artefacts.js';

/** What `adapt` is made from. */
export type Workshop = Pick<AdaptationOrder, 'base' | 'threads' | 'engine'>;

/**
 * The worker side of an `AdaptationThread`: carries out the one order this thread was started with. The candidate's
 * tensors stay here; what goes back is where its artefact lies.
 */
export function serveAdaptation(openAdapt: (workshop: Workshop) => Promise<Adapt> | Adapt): void {
  if (isMainThread || !parentPort) throw new Error('serveAdaptation runs in a worker thread');
  const port = parentPort;
  const send = (report: AdaptationReport): void => port.postMessage(report);
  const stop = new AbortController();
  port.on('message', (message) => message === STOP && stop.abort(new Error('the run was stopped')));
  const order = workerData as AdaptationOrder;
  carryOut(order, openAdapt, stop.signal, send)
    .then(
      (result) => send({ kind: 'result', result }),
      (error: unknown) => {
        const { code, message } = toDomainError(error);
        send({ kind: 'failure', code, message });
      },
    )
    .finally(() => port.close());
}

async function carryOut(
  { base, store: place, checkpointKey, input, champion, threads, engine }: AdaptationOrder,
  openAdapt: (workshop: Workshop) => Promise<Adapt> | Adapt,
  signal: AbortSignal,
  send: (report: AdaptationReport) => void,
): Promise<AdaptationResult> {
  const { location, ...s3 } = place;
  const store = openObjectStore(location, s3);
  const checkpoint = new CheckpointObjects(store, checkpointKey);
  const artefacts = await MapperArtefacts.open(store, base.description);
  try {
    const files = champion && (await artefacts.pull(champion));
    const adapt = await openAdapt({ base, threads, engine });
    const { candidate, ...outcome } = await adapt(
      { ...input, ...(files && { champion: files }) },
      {
        onProgress: (progress) => send({ kind: 'progress', progress }),
        signal,
        checkpoint,
      },
    );
    if (outcome.decision === 'refuse') return outcome;
    if (!candidate) throw new Error('a promotion without a candidate');
    signal.throwIfAborted();
    const written = await artefacts.write(candidate);
    await checkpoint.noteArtefact(written);
    return { ...outcome, mapper: await artefacts.publish(written) };
  } finally {
    await artefacts.close();
  }
}
