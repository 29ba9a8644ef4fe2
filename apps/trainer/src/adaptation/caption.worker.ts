import { openBaseModel } from '@housestyle/checkpoints';
import { OnnxGraphRunner, serveWorker } from '@housestyle/runtime';
import { openCaptionThread, type CaptionOrder, type GeneratedCaption } from '@housestyle/training';
import type { LocalBase } from './adaptation-messages.js';

/** One of the threads that caption for the gate, on a core of its own. */
await serveWorker<LocalBase, CaptionOrder, GeneratedCaption[]>(async ({ folder, description }) =>
  openCaptionThread(await openBaseModel(folder, description), new OnnxGraphRunner({ threads: 1 })),
);
