import { availableParallelism } from 'node:os';
import type { Feeds, Fetched, GraphModel, GraphRunner, GraphRunOptions, GraphSession } from '@housestyle/graph';
import type { GraphNames, GraphThreadData, GraphThreadRequest, GraphThreadResponse } from './graph.worker.js';
import { WorkerPool } from './worker-pool.js';

/**
 * Runs graphs with onnxruntime on the CPU, each in a thread of its own, so that sessions run side by side and none blocks
 * the calling thread. Feeds are copied, outputs are moved: it is for graphs that take little.
 */
export class ThreadedGraphRunner implements GraphRunner {
  async load({ name, bytes, weightsFolder }: GraphModel, options: GraphRunOptions = {}): Promise<GraphSession> {
    const model = { name, bytes, ...(weightsFolder !== undefined && { weightsFolder }) };
    const workerData: GraphThreadData = { model, options };
    const pool = new WorkerPool<GraphThreadRequest, GraphThreadResponse>({
      script: SCRIPT,
      size: 1,
      capacity: QUEUE,
      workerData,
    });
    try {
      await pool.ready();
      return new ThreadedGraphSession(pool, (await pool.run('names')) as GraphNames);
    } catch (error) {
      await pool.close();
      throw error;
    }
  }
}

class ThreadedGraphSession implements GraphSession {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];

  constructor(
    private readonly pool: WorkerPool<GraphThreadRequest, GraphThreadResponse>,
    { inputNames, outputNames }: GraphNames,
  ) {
    this.inputNames = inputNames;
    this.outputNames = outputNames;
  }

  async run(feeds: Feeds, fetches = this.outputNames): Promise<Fetched> {
    return (await this.pool.run({ feeds, fetches })) as Fetched;
  }

  release(): Promise<void> {
    return this.pool.close();
  }
}

/** One for each core that the calling thread leaves free of those it may use; absent: of all, though not of many. */
export const runnersBeside = (threads = Math.min(MOST, availableParallelism())): ThreadedGraphRunner[] =>
  Array.from({ length: threads - 1 }, () => new ThreadedGraphRunner());

const MOST = 4;
/** runs that wait in the thread itself, which does one at a time: while the calling thread is busy, too, there is more to do. */
const QUEUE = 8;
const SCRIPT = new URL('./graph.worker.js', import.meta.url);
