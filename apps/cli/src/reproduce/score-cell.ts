import { openBaseModel, openMapperDirectory } from '@housestyle/checkpoints';
import { CaptionEngine, type CaptionItem } from '@housestyle/clipcap';
import { distinctRatio, tokenisePictures } from '@housestyle/evaluation';
import { OnnxGraphRunner, type Device } from '@housestyle/runtime';
import type { OfficialJars } from '../evaluation/official-jars.js';
import { scoreByDomain } from '../evaluation/score-by-domain.js';
import type { SetScores } from './cell-results.js';
import type { ReferencedEmbedding } from './picture-set.js';

export interface PictureSet {
  readonly name: string;
  readonly pictures: readonly ReferencedEmbedding[];
}

/** What `housestyle train` wrote: a model of its own, or a mapper of a base's. */
export type TrainedModel = { readonly model: string } | { readonly base: string; readonly mapper: string };

/** A trained model, ready to write under pictures whose embeddings are known. */
export class TrainedCaptioner {
  private constructor(
    private readonly engine: CaptionEngine,
    private readonly mapper: Pick<CaptionItem, 'mapper'>,
    private readonly numBeams: number,
  ) {}

  static async open(trained: TrainedModel, numBeams: number, device: Device): Promise<TrainedCaptioner> {
    const runner = new OnnxGraphRunner({ device });
    const base = await openBaseModel('model' in trained ? trained.model : trained.base);
    const engine = await CaptionEngine.load(base, runner);
    if ('model' in trained) return new TrainedCaptioner(engine, {}, numBeams);
    const mapper = await engine.loadMapper(await openMapperDirectory(trained.mapper, base), trained.mapper);
    return new TrainedCaptioner(engine, { mapper }, numBeams);
  }

  /** The best caption of each picture. @param onDone told how many more are done */
  async caption(pictures: readonly ReferencedEmbedding[], onDone: (count: number) => void): Promise<string[]> {
    const captions: string[] = [];
    for (let from = 0; from < pictures.length; from += AT_ONCE) {
      const items = pictures
        .slice(from, from + AT_ONCE)
        .map(({ embedding }): CaptionItem => ({ input: { embedding }, ...this.mapper }));
      const outputs = await this.engine.caption(items, { numBeams: this.numBeams });
      captions.push(...outputs.map(({ hypotheses }) => hypotheses[0]!.text));
      onDone(outputs.length);
    }
    return captions;
  }

  release(): Promise<void> {
    return this.engine.release();
  }
}

const AT_ONCE = 32;

/** Captions against what people wrote of the same pictures. */
export async function scoreSet(
  { name, pictures }: PictureSet,
  captions: readonly string[],
  jars: OfficialJars | undefined,
): Promise<SetScores> {
  const tokenised = tokenisePictures(pictures.map(({ references }, n) => ({ hypothesis: captions[n]!, references })));
  const scored = tokenised.map((picture, n) => ({ picture, domain: pictures[n]!.domain }));
  const { entire, domains } = await scoreByDomain(scored, { frequencies: undefined, jars });
  return {
    name,
    pictures: pictures.length,
    references: Math.max(...pictures.map(({ references }) => references.length)),
    scores: entire,
    ...(domains && { domains }),
    distinct: distinctRatio(captions),
  };
}
