import type { Precision } from '@housestyle/clipcap';
import type { GraphRunner } from '@housestyle/graph';
import { Roofline, type MatrixProduct } from './roofline.js';
import { rounded, spread, type Spread } from './spread.js';
import type { Elapsed } from './stopwatch.js';

/** What work would take on this machine if it were matrix products and nothing else. */
export class ProductLimits {
  private constructor(private readonly rooflines: ReadonlyMap<boolean, Roofline>) {}

  static async load(
    products: readonly MatrixProduct[],
    runner: GraphRunner,
    precisions: readonly Precision[],
  ): Promise<ProductLimits> {
    const rooflines = new Map<boolean, Roofline>();
    for (const isWhole of new Set(precisions.map(isFp32))) {
      rooflines.set(isWhole, await (isWhole ? Roofline.load(products, runner) : Roofline.loadInt8(products, runner)));
    }
    return new ProductLimits(rooflines);
  }

  /** `operations`, the products' own unless given, at the rate of the products of so many units of work. */
  async of(precision: Precision, units: number, operations?: number): Promise<Elapsed> {
    const roofline = this.rooflines.get(isFp32(precision))!;
    const { wallMs, cpuMs } = await roofline.measure(units);
    const times = operations === undefined ? 1 : operations / roofline.operations(units);
    return { wallMs: wallMs * times, cpuMs: cpuMs * times };
  }

  async release(): Promise<void> {
    for (const roofline of this.rooflines.values()) await roofline.release();
  }
}

/** Whether the products are of floats: a CPU, which this measures, widens half precision. */
const isFp32 = (precision: Precision): boolean => precision === 'fp32' || precision === 'fp16';

/** Work against its limit, by processor time: of the machine, in the same rounds. */
export interface ReachedLimit {
  /** rate of the matrix products alone. */
  readonly gflops: number;
  /** what they alone take. */
  readonly processorMs: number;
  /** of the limit. */
  readonly share: Spread;
}

/** @returns undefined where no limit was measured */
export function reachedLimit(
  runs: readonly { readonly cpuMs: number; readonly limit?: Elapsed | undefined }[],
  operations: number,
): ReachedLimit | undefined {
  const limits = runs.flatMap(({ cpuMs, limit }) => (limit ? [{ ms: limit.cpuMs, share: limit.cpuMs / cpuMs }] : []));
  const processorMs = spread(limits.map(({ ms }) => ms))?.median;
  if (processorMs === undefined) return undefined;
  const gflops = rounded(operations / processorMs / 1e6);
  return { gflops, processorMs, share: spread(limits.map(({ share }) => share))! };
}

/** "82 %" */
export const shareText = ({ share }: ReachedLimit): string => `${(100 * share.median).toFixed(0)} %`;
