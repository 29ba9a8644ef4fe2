import {
  BeamSearch,
  Decoder,
  stoppingCriteria,
  type Beam,
  type LowRankDelta,
  type Precision,
} from '@housestyle/clipcap';
import type { GraphRunner } from '@housestyle/graph';
import { Random } from '@housestyle/training';
import type { BenchModel } from '../bench-model.js';
import { stopwatch, type Elapsed } from '../measure/stopwatch.js';
import { randomDeltas } from '../synthetic/random-deltas.js';
import type { DecodeCase } from './decode-cases.js';

export interface DecodeRun extends Elapsed {
  /** each image's best caption. */
  readonly captions: readonly Beam[];
}

export interface BenchLoad {
  /** those that are to come. */
  readonly cases: readonly Pick<DecodeCase, 'batch' | 'tenants'>[];
  readonly precision: Precision;
}

/** GPT-2 of a base model captioning random prefixes, to a fixed length. */
export class DecodeBench {
  private readonly random = new Random(2);

  private constructor(
    private readonly decoder: Decoder,
    /** [K, C] of each image. */
    readonly prefixes: readonly Float32Array[],
    private readonly deltas: readonly LowRankDelta[],
  ) {}

  /** Loads the decoder, and prefixes and deltas for the largest of the cases. */
  static async load(model: BenchModel, runner: GraphRunner, { cases, precision }: BenchLoad): Promise<DecodeBench> {
    const decoder = await Decoder.load(model.gpt2, runner, { precision, calibration: model.calibration });
    const tenants = Math.max(...cases.map((each) => each.tenants));
    const images = Math.max(...cases.map((each) => each.batch));
    const random = new Random(1);
    const values = model.prefixLength * decoder.config.width;
    const prefixes = Array.from({ length: images }, () => Float32Array.from({ length: values }, () => noise(random)));
    return new DecodeBench(decoder, prefixes, await randomDeltas(decoder, tenants));
  }

  /** C, layers and so on, as the model's configuration says. */
  get config() {
    return this.decoder.config;
  }

  async run({ batch, numBeams, tokens, tenants }: DecodeCase): Promise<DecodeRun> {
    return this.decode(this.prefixes.slice(0, batch), { numBeams, tokens, tenants });
  }

  /** Prefixes [K·C] from elsewhere. */
  async decode(
    prefixes: readonly Float32Array[],
    { numBeams, tokens, tenants }: Omit<DecodeCase, 'batch' | 'precision'>,
  ): Promise<DecodeRun> {
    const { numPositions, width } = this.config;
    const requests = prefixes.map((prefix) => {
      const sizes = { numPositions, prefixLength: prefix.length / width };
      const search = new BeamSearch(numBeams, stoppingCriteria({ stopTokenIds: [], maxNewTokens: tokens }, sizes));
      const delta = tenants > 0 ? this.deltas[Math.floor(this.random.uniform() * tenants)] : undefined;
      return { prefix, search, ...(delta && { delta }) };
    });
    const elapsed = stopwatch();
    await this.decoder.decode(requests);
    return { ...elapsed(), captions: requests.map(({ search }) => search.beams()[0]!) };
  }

  release(): Promise<void> {
    return this.decoder.release();
  }
}

/** About as large as words' embeddings are. */
const noise = (random: Random): number => 0.1 * random.normal();
