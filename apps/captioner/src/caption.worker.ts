import { openBaseModel } from '@housestyle/checkpoints';
import { CaptionEngine, type CaptionItem } from '@housestyle/clipcap';
import { toDomainError } from '@housestyle/domain';
import { OnnxGraphRunner, serveWorker, type WorkerHandler } from '@housestyle/runtime';
import { LoadedMappers } from './loaded-mappers.js';
import type { BatchItem, BatchWork, CaptionBatch, ItemInput, ItemOutcome, WorkerData } from './worker-messages.js';

interface LoadedBase {
  readonly engine: CaptionEngine;
  readonly mappers: LoadedMappers;
}

type CaptionBatchHandler = WorkerHandler<CaptionBatch, readonly ItemOutcome[]>;

/** One inference thread: one base model loaded, one batch at a time. */
await serveWorker<WorkerData, CaptionBatch, readonly ItemOutcome[]>(async (data): Promise<CaptionBatchHandler> => {
  const { engine, mappers } = await loadBase(data);
  return {
    async handle({ work, items }) {
      const outcomes = new Array<ItemOutcome>(items.length);
      const good: { readonly index: number; readonly item: CaptionItem }[] = [];
      for (const [index, entry] of items.entries()) {
        try {
          const item = await toEngineItem(entry, mappers);
          engine.check(item, work.kind === 'caption' ? work.generation : {});
          good.push({ index, item });
        } catch (error) {
          const { code, message } = toDomainError(error);
          outcomes[index] = { isOk: false, code, message };
        }
      }
      const made = await doWork(
        engine,
        work,
        good.map(({ item }) => item),
      );
      good.forEach(({ index }, row) => (outcomes[index] = made[row]!));
      await mappers.endBatch();
      return { response: outcomes };
    },
  };
});

async function loadBase({ base: { directory, description }, ...data }: WorkerData): Promise<LoadedBase> {
  const files = await openBaseModel(directory, description);
  const runner = new OnnxGraphRunner({ device: data.device, threads: data.threads });
  const engine = await CaptionEngine.load(files, runner, { maxBatchSize: data.maxBatch });
  return { engine, mappers: new LoadedMappers(engine, description, data.mapperLimits) };
}

async function toEngineItem({ input, mapper }: BatchItem, mappers: LoadedMappers): Promise<CaptionItem> {
  return { input: toEngineInput(input), ...(mapper && { mapper: await mappers.get(mapper) }) };
}

const toEngineInput = (input: ItemInput): CaptionItem['input'] =>
  input.kind === 'pixels' ? { pixels: input.rgb } : { embedding: input.values };

async function doWork(
  engine: CaptionEngine,
  work: BatchWork,
  items: readonly CaptionItem[],
): Promise<readonly ItemOutcome[]> {
  if (work.kind === 'caption') {
    const outputs = await engine.caption(items, work.generation);
    return outputs.map(({ embedding, hypotheses }) => ({ isOk: true, embedding, hypotheses }));
  }
  const interpretations = await engine.interpret(items, work.topK);
  return interpretations.map(({ positions }) => ({ isOk: true, positions }));
}
