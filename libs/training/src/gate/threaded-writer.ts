import { CaptionEngine, type BaseModelFiles, type MapperVersionFiles } from '@housestyle/clipcap';
import { MemoryWeights, type GraphRunner, type WeightSource } from '@housestyle/graph';
import type { GeneratedCaption } from './caption-figures.js';
import { EngineWriter, type CaptionWriter } from './caption-writer.js';

/** What a thread that captions is asked for: all of it can be sent. */
export interface CaptionOrder {
  readonly mapper: SentVersion | undefined;
  readonly embeddings: readonly Float32Array[];
}

type SentVersion = Pick<MapperVersionFiles, 'config'> & Partial<Record<Part, SentWeights>>;
type SentWeights = Pick<MemoryWeights, 'label' | 'tensors'>;

/** Threads that each carry out one order at a time: `openCaptionThread` says how. */
export interface CaptionThreads {
  readonly size: number;
  /** Resolves when all of them can; rejects when one cannot. */
  ready(): Promise<void>;
  /**
   * @param transfer nothing: an order is copied, for others are made of the same
   * @param signal aborted when nobody waits for the captions any more
   */
  run(order: CaptionOrder, transfer: readonly never[], signal?: AbortSignal): Promise<GeneratedCaption[]>;
  close(): Promise<void>;
}

/** Captions in other threads, as many pictures in each, until it is told to stop: then `write` throws. */
export class ThreadedWriter implements CaptionWriter {
  constructor(
    private readonly threads: CaptionThreads,
    private readonly signal?: AbortSignal,
  ) {}

  async write(files: MapperVersionFiles | undefined, embeddings: readonly Float32Array[]): Promise<GeneratedCaption[]> {
    const mapper = files && sent(files);
    const count = Math.min(this.threads.size, embeddings.length);
    const written = await Promise.all(
      Array.from({ length: count }, (_, share) =>
        this.threads.run({ mapper, embeddings: embeddings.filter((_, n) => n % count === share) }, [], this.signal),
      ),
    );
    return embeddings.map((_, n) => written[n % count]![Math.floor(n / count)]!);
  }
}

/** What a thread of `CaptionThreads` answers with, one base loaded. @throws DomainError `invalid_model` */
export async function openCaptionThread(base: BaseModelFiles, runner: GraphRunner) {
  const engine = await CaptionEngine.load(base, runner, { isForEmbeddings: true });
  return {
    handle: async (order: CaptionOrder, signal: AbortSignal) => ({
      response: await fillOrder(new EngineWriter(engine, signal), order),
    }),
    close: () => engine.release(),
  };
}

/** A thread's part: what `writer` writes. */
export const fillOrder = (writer: CaptionWriter, { mapper, embeddings }: CaptionOrder): Promise<GeneratedCaption[]> =>
  writer.write(mapper && received(mapper), embeddings);

const sent = ({ config, ...parts }: MapperVersionFiles): SentVersion => ({
  config,
  ...partsBy(parts, (weights: WeightSource) => {
    const { label, tensors } = MemoryWeights.of(weights);
    return { label, tensors };
  }),
});

const received = ({ config, ...parts }: SentVersion): MapperVersionFiles => ({
  config,
  ...partsBy(parts, ({ label, tensors }: SentWeights) => new MemoryWeights(label, tensors)),
});

/** Every part that is there, as `make` makes it. */
function partsBy<From, To>(parts: Partial<Record<Part, From>>, make: (from: From) => To): Partial<Record<Part, To>> {
  const made: Partial<Record<Part, To>> = {};
  for (const name of PARTS) {
    const part = parts[name];
    if (part) made[name] = make(part);
  }
  return made;
}

type Part = Exclude<keyof MapperVersionFiles, 'config'>;
const EVERY_PART: Record<Part, true> = { weights: true, mapperDelta: true, decoderDelta: true };
const PARTS = Object.keys(EVERY_PART) as Part[];
