import { openBaseModel } from '@housestyle/checkpoints';
import { CaptionEngine } from '@housestyle/clipcap';
import { OnnxGraphRunner, serveWorker } from '@housestyle/runtime';
import { fillOrder, EngineWriter, type CaptionOrder, type GeneratedCaption } from '@housestyle/training';
import type { LocalBase } from './adaptation-messages.js';

/** One of the threads that caption for the gate, on a core of its own. */
await serveWorker<LocalBase, CaptionOrder, GeneratedCaption[]>(async ({ folder, description }) => {
  const base = await openBaseModel(folder, description);
  const engine = await CaptionEngine.load(base, new OnnxGraphRunner({ threads: 1 }), { isForEmbeddings: true });
  return {
    handle: async (order, signal) => ({ response: await fillOrder(new EngineWriter(engine, signal), order) }),
  };
});
