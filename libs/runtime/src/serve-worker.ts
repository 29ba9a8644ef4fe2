import { parentPort, workerData, type TransferListItem } from 'node:worker_threads';
import { SharedMemory } from './shared-memory.js';
import { toErrorMessage, type FromWorker, type ToWorker } from './worker-protocol.js';

/** A response, and the buffers that move to the pool's thread instead of being copied. */
export interface WorkerReply<Response> {
  readonly response: Response;
  readonly transfer?: readonly TransferListItem[];
}

export interface WorkerHandler<Request, Response> {
  /**
   * May be called again before it has answered, if the pool gives a worker several requests at once.
   * @param signal aborted when nobody waits for the answer any more
   */
  handle(request: Request, signal: AbortSignal): Promise<WorkerReply<Response>>;
  /** Frees what the worker holds; called once, when the pool closes. */
  close?(): Promise<void>;
}

/**
 * The whole of a WorkerPool worker's main module: `start` gets the pool's `workerData` and returns the handler, which may
 * use the memory that the pool's workers share once it handles requests. A DomainError thrown by either arrives in the pool's thread with its
 * code; the worker stays alive after a failed request.
 */
export async function serveWorker<Data, Request, Response>(
  start: (data: Data, shared: SharedMemory) => Promise<WorkerHandler<Request, Response>>,
): Promise<void> {
  const port = parentPort;
  if (!port) throw new Error('serveWorker runs in a worker thread only');
  const send = (message: FromWorker<Response>, transfer: readonly TransferListItem[] = []) =>
    port.postMessage(message, transfer);

  const shared = new SharedMemory(send);
  let handler: WorkerHandler<Request, Response>;
  try {
    handler = await start(workerData as Data, shared);
  } catch (error) {
    send({ kind: 'startFailed', error: toErrorMessage(error) });
    port.close();
    return;
  }
  const running = new Map<number, { readonly abort: AbortController; readonly answered: Promise<void> }>();
  port.on('message', (message: ToWorker<Request>) => {
    switch (message.kind) {
      case 'close':
        return void closeWorker();
      case 'cancel':
        return running.get(message.id)?.abort.abort();
      case 'request':
        return begin(message.id, message.request);
      default:
        return shared.receive(message);
    }
  });
  send({ kind: 'ready' });

  function begin(id: number, request: Request): void {
    const abort = new AbortController();
    running.set(id, { abort, answered: answer(id, request, abort.signal) });
  }

  async function answer(id: number, request: Request, signal: AbortSignal): Promise<void> {
    try {
      const { response, transfer } = await handler.handle(request, signal);
      send({ kind: 'response', id, response }, transfer);
    } catch (error) {
      send({ kind: 'failure', id, error: toErrorMessage(error) });
    } finally {
      running.delete(id);
    }
  }

  async function closeWorker(): Promise<void> {
    await Promise.all([...running.values()].map(({ answered }) => answered));
    await handler.close?.();
    port?.close();
  }
}
