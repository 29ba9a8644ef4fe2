import { parentPort, workerData, type TransferListItem } from 'node:worker_threads';
import { toErrorMessage, type FromWorker, type ToWorker } from './worker-protocol.js';

/** A response, and the buffers that move to the pool's thread instead of being copied. */
export interface WorkerReply<Response> {
  readonly response: Response;
  readonly transfer?: readonly TransferListItem[];
}

export interface WorkerHandler<Request, Response> {
  handle(request: Request): Promise<WorkerReply<Response>>;
  /** Frees what the worker holds; called once, when the pool closes. */
  close?(): Promise<void>;
}

/**
 * The whole of a WorkerPool worker's main module: `start` gets the pool's `workerData` and returns the handler. A
 * DomainError thrown by either arrives in the pool's thread with its code; the worker stays alive after a failed request.
 */
export async function serveWorker<Data, Request, Response>(
  start: (data: Data) => Promise<WorkerHandler<Request, Response>>,
): Promise<void> {
  const port = parentPort;
  if (!port) throw new Error('serveWorker runs in a worker thread only');
  const send = (message: FromWorker<Response>, transfer: readonly TransferListItem[] = []) =>
    port.postMessage(message, transfer);

  let handler: WorkerHandler<Request, Response>;
  try {
    handler = await start(workerData as Data);
  } catch (error) {
    send({ kind: 'startFailed', error: toErrorMessage(error) });
    port.close();
    return;
  }
  port.on('message', (message: ToWorker<Request>) => {
    if (message.kind === 'close') void closeWorker();
    else void answer(message.id, message.request);
  });
  send({ kind: 'ready' });

  async function answer(id: number, request: Request): Promise<void> {
    try {
      const { response, transfer } = await handler.handle(request);
      send({ kind: 'response', id, response }, transfer);
    } catch (error) {
      send({ kind: 'failure', id, error: toErrorMessage(error) });
    }
  }

  async function closeWorker(): Promise<void> {
    await handler.close?.();
    port?.close();
  }
}
