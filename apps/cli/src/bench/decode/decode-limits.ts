import type { Gpt2Config, Precision } from '@housestyle/clipcap';
import type { GraphRunner } from '@housestyle/graph';
import { decodeOperations, Roofline } from '../measure/roofline.js';
import type { Elapsed } from '../measure/stopwatch.js';
import type { DecodeCase } from './decode-cases.js';

/** What a decode would take on this machine if it were matrix products and nothing else. */
export class DecodeLimits {
  private constructor(
    private readonly config: Gpt2Config,
    private readonly rooflines: ReadonlyMap<boolean, Roofline>,
  ) {}

  static async load(config: Gpt2Config, runner: GraphRunner, precisions: readonly Precision[]): Promise<DecodeLimits> {
    const rooflines = new Map<boolean, Roofline>();
    for (const isWhole of new Set(precisions.map(isFp32))) {
      rooflines.set(isWhole, await (isWhole ? Roofline.load(config, runner) : Roofline.loadInt8(config, runner)));
    }
    return new DecodeLimits(config, rooflines);
  }

  /** At the rate of the products with as many rows as the case has beams. */
  async of(decodeCase: DecodeCase, prefixLength: number): Promise<Elapsed> {
    const rows = decodeCase.batch * decodeCase.numBeams;
    const roofline = this.rooflines.get(isFp32(decodeCase.precision))!;
    const { wallMs, cpuMs } = await roofline.measure(rows);
    const times = decodeOperations(this.config, decodeCase, prefixLength) / roofline.operations(rows);
    return { wallMs: wallMs * times, cpuMs: cpuMs * times };
  }

  async release(): Promise<void> {
    for (const roofline of this.rooflines.values()) await roofline.release();
  }
}

/** Whether the products are of floats: a CPU, which this measures, widens half precision. */
const isFp32 = (precision: Precision): boolean => precision === 'fp32' || precision === 'fp16';
