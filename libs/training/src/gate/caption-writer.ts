import type { CaptionEngine, MapperVersionFiles } from '@housestyle/clipcap';
import type { GeneratedCaption } from './caption-figures.js';

/** Captions pictures with any mapper version. */
export interface CaptionWriter {
  /** What `files` (absent: the base's own mapper) writes under `embeddings`. @throws DomainError for broken files. */
  write(files: MapperVersionFiles | undefined, embeddings: readonly Float32Array[]): Promise<GeneratedCaption[]>;
}

/** Captions in the calling thread, until it is told to stop: then `write` throws. */
export class EngineWriter implements CaptionWriter {
  constructor(
    private readonly engine: CaptionEngine,
    private readonly signal?: AbortSignal,
  ) {}

  async write(files: MapperVersionFiles | undefined, embeddings: readonly Float32Array[]): Promise<GeneratedCaption[]> {
    const mapper = files && (await this.engine.loadMapper(files, 'under judgement'));
    try {
      const outputs = await this.engine.caption(
        embeddings.map((embedding) => ({ input: { embedding }, ...(mapper && { mapper }) })),
        {},
        this.signal,
      );
      return outputs.map(({ hypotheses: [best] }) => ({
        text: best!.text,
        length: best!.tokens.length,
        isStopped: best!.isStopped,
      }));
    } finally {
      if (mapper) await this.engine.releaseMapper(mapper);
    }
  }
}

/** A picture of the base's own, with the caption that it was trained on. */
export interface ReplayedPicture {
  readonly embedding: Float32Array;
  readonly caption: string;
  /** what the base itself writes under it; asked of the base where absent. */
  readonly generated?: string;
}

/** What the base itself writes under its own pictures. */
export async function ownCaptions(
  writer: CaptionWriter,
  pictures: readonly ReplayedPicture[],
): Promise<{ readonly text: string }[]> {
  const unknown = pictures.filter(({ generated }) => generated === undefined);
  const embeddings = unknown.map(({ embedding }) => embedding);
  const written = await writer.write(undefined, embeddings);
  const captions = new Map(written.map((caption, n) => [unknown[n]!, caption]));
  return pictures.map((picture) => captions.get(picture) ?? { text: picture.generated! });
}
