import { openBaseModel } from '@housestyle/checkpoints';
import { CaptionEngine } from '@housestyle/clipcap';
import { OnnxGraphRunner, serveWorker } from '@housestyle/runtime';
import { carryOut, EngineWriter, type CaptionOrder, type GeneratedCaption } from '@housestyle/training';

/** One of the threads that caption for `housestyle adapt`'s gate, on a core of its own; starts with the base's folder. */
await serveWorker<string, CaptionOrder, GeneratedCaption[]>(async (folder) => {
  const engine = await CaptionEngine.load(await openBaseModel(folder), new OnnxGraphRunner({ threads: 1 }));
  const writer = new EngineWriter(engine);
  return { handle: async (order) => ({ response: await carryOut(writer, order) }) };
});
