import type { Feeds, Fetched, GraphModel, GraphRunOptions } from '@housestyle/graph';
import { OnnxGraphRunner } from './onnx-graph-runner.js';
import { serveWorker } from './serve-worker.js';

/** What a graph's thread starts with. */
export interface GraphThreadData {
  readonly model: Pick<GraphModel, 'name' | 'bytes' | 'weightsFolder'>;
  readonly options: GraphRunOptions;
}

export type GraphThreadRequest = 'names' | { readonly feeds: Feeds; readonly fetches: readonly string[] };

export type GraphThreadResponse = GraphNames | Fetched;

export interface GraphNames {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
}

/** One thread: one graph. */
await serveWorker<GraphThreadData, GraphThreadRequest, GraphThreadResponse>(async ({ model, options }) => {
  const session = await new OnnxGraphRunner().load(model, options);
  return {
    async handle(request) {
      const { inputNames, outputNames } = session;
      if (request === 'names') return { response: { inputNames, outputNames } };
      const outputs = await session.run(request.feeds, request.fetches);
      return { response: outputs, transfer: Object.values(outputs).map(({ data }) => data.buffer as ArrayBuffer) };
    },
    close: () => session.release(),
  };
});
