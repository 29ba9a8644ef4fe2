import { openBaseModel } from '@housestyle/checkpoints';
import { CaptionEngine, type CaptionItem, type MapperHandle } from '@housestyle/clipcap';
import { toDomainError } from '@housestyle/domain';
import { giveWay, OnnxGraphRunner, serveWorker, type SharedMemory, type WorkerHandler } from '@housestyle/runtime';
import { LoadedMappers } from './loaded-mappers.js';
import type { ItemInput, ItemOutcome, ItemWork, WorkerData, WorkerRequest } from './worker-messages.js';

interface LoadedBase {
  readonly engine: CaptionEngine;
  readonly mappers: LoadedMappers;
}

type ItemHandler = WorkerHandler<WorkerRequest, ItemOutcome>;

/** One inference thread: one base model loaded; items come one by one, and the engine takes them into its batch. */
await serveWorker<WorkerData, WorkerRequest, ItemOutcome>(async (data, shared): Promise<ItemHandler> => {
  giveWay();
  const { engine, mappers } = await loadBase(data, shared);
  return {
    async handle({ work, item: { input, mapper } }, signal) {
      try {
        const make = (handle?: MapperHandle) => doWork(engine, work, toEngineItem(input, handle), signal);
        return { response: mapper ? await mappers.with(mapper, make) : await make() };
      } catch (error) {
        const { code, message } = toDomainError(error);
        return { response: { isOk: false, code, message } };
      }
    },
  };
});

async function loadBase(
  { base: { directory, description }, ...data }: WorkerData,
  shared: SharedMemory,
): Promise<LoadedBase> {
  const files = await openBaseModel(directory, description);
  const runner = new OnnxGraphRunner({ device: data.device, threads: data.threads });
  const { maxBatch: maxBatchSize, precision } = data;
  const engine = await CaptionEngine.load(files, runner, { maxBatchSize, precision });
  return { engine, mappers: new LoadedMappers(engine, description, shared, data.mapperLimits) };
}

const toEngineItem = (input: ItemInput, mapper: MapperHandle | undefined): CaptionItem => ({
  input: input.kind === 'pixels' ? { pixels: input.rgb } : { embedding: input.values },
  ...(mapper && { mapper }),
});

async function doWork(
  engine: CaptionEngine,
  work: ItemWork,
  item: CaptionItem,
  signal: AbortSignal,
): Promise<ItemOutcome> {
  if (work.kind === 'caption') {
    const { embedding, hypotheses } = await engine.captionOne(item, work.generation, signal);
    return { isOk: true, embedding, hypotheses };
  }
  const [interpretation] = await engine.interpret([item], work.topK);
  return { isOk: true, positions: interpretation!.positions };
}
