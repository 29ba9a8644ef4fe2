import { openBaseModel, type BaseModelDescription } from '@housestyle/checkpoints';
import { OnnxGraphRunner, serveWorker } from '@housestyle/runtime';
import { openCaptionThread, type CaptionOrder, type GeneratedCaption } from '@housestyle/training';

/** A base that has been verified. */
interface Base {
  readonly folder: string;
  readonly description: BaseModelDescription;
}

/** One of the threads that caption for `housestyle adapt`'s gate, on a core of its own. */
await serveWorker<Base, CaptionOrder, GeneratedCaption[]>(async ({ folder, description }) =>
  openCaptionThread(await openBaseModel(folder, description), new OnnxGraphRunner({ threads: 1 })),
);
