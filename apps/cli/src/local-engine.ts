import { openBaseModel, openMapperDirectory } from '@housestyle/checkpoints';
import {
  CaptionEngine,
  type CaptionItem,
  type CaptionOutput,
  type GenerationDefaults,
  type Interpretation,
  type Precision,
} from '@housestyle/clipcap';
import { OnnxGraphRunner, type Device } from '@housestyle/runtime';

export interface LocalEngineOptions {
  /** directory of the mapper to use in place of the base's own. */
  readonly mapper?: string | undefined;
  /** the CPU when absent. */
  readonly device?: Device | undefined;
  /** fp32 when absent. */
  readonly precision?: Precision | undefined;
}

/** The model in this process: a base, and the one mapper to use with it. */
export class LocalEngine {
  private constructor(
    private readonly engine: CaptionEngine,
    private readonly mapper: Pick<CaptionItem, 'mapper'>,
  ) {}

  /** @throws DomainError when either directory does not hold what it should, the mapper does not fit the base, or the device is not there */
  static async open(
    modelDirectory: string,
    { mapper: mapperDirectory, device, precision }: LocalEngineOptions,
  ): Promise<LocalEngine> {
    const base = await openBaseModel(modelDirectory);
    const engine = await CaptionEngine.load(base, new OnnxGraphRunner({ ...(device && { device }) }), { precision });
    if (mapperDirectory === undefined) return new LocalEngine(engine, {});
    const mapper = await engine.loadMapper(await openMapperDirectory(mapperDirectory, base), mapperDirectory);
    return new LocalEngine(engine, { mapper });
  }

  /** pixels of one side. */
  get imageSize(): number {
    return this.engine.imageSize;
  }

  /** Each picture [n, n, 3] uint8 RGB → its embedding and hypotheses, best first. */
  caption(pictures: readonly Uint8Array[], generation: GenerationDefaults): Promise<CaptionOutput[]> {
    return this.engine.caption(
      pictures.map((pixels) => ({ input: { pixels }, ...this.mapper })),
      generation,
    );
  }

  /** Each picture [n, n, 3] uint8 RGB → its prefix, every position with the `topK` nearest vocabulary words. */
  interpret(pictures: readonly Uint8Array[], topK: number): Promise<Interpretation[]> {
    return this.engine.interpret(
      pictures.map((pixels) => ({ input: { pixels }, ...this.mapper })),
      topK,
    );
  }
}
