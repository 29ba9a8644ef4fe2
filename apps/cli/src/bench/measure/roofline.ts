import { performance } from 'node:perf_hooks';
import { areSignedProductsExact } from '@housestyle/clipcap';
import {
  float32,
  GraphBuilder,
  int64,
  op,
  uint8,
  type Feeds,
  type FloatValue,
  type GraphRunner,
  type GraphSession,
  type Tensor,
} from '@housestyle/graph';
import { stopwatch, type Elapsed } from './stopwatch.js';

/** [rows, input]·[input, output] */
export interface MatrixProduct {
  /** of one unit of work, such as a picture. */
  readonly rows: number;
  readonly input: number;
  readonly output: number;
}

/** Additions and multiplications counted apart, of one unit of work. */
export const operationsOf = (products: readonly MatrixProduct[]): number =>
  2 * products.reduce((sum, { rows, input, output }) => sum + rows * input * output, 0);

/**
 * What this machine's matrix products do at best: a model's own, each with a weight of its own, and nothing else. Of each
 * product only one column leaves the graph, so that nothing is measured but the product.
 */
export class Roofline {
  private constructor(
    private readonly session: GraphSession,
    private readonly products: readonly MatrixProduct[],
    private readonly activations: (dims: readonly [rows: number, width: number]) => Tensor,
  ) {}

  /** In fp32; weights do not decide how long a product takes. */
  static async load(products: readonly MatrixProduct[], runner: GraphRunner): Promise<Roofline> {
    const graph = graphOf(products, 'roofline', (g, name, [input, output]) => {
      const weights = g.initializer<'float32'>(
        name,
        float32(new Float32Array(input * output).fill(0.01), [input, output]),
      );
      return op.gemm(g, g.input(`${name}.x`, 'float32', [`${name}.rows`, input]), weights);
    });
    const ones = (dims: readonly [number, number]) => float32(new Float32Array(dims[0] * dims[1]).fill(0.5), dims);
    return new Roofline(await runner.load(graph), products, ones);
  }

  /** The same in 8 bits, with a scale for each column of the weights. */
  static async loadInt8(products: readonly MatrixProduct[], runner: GraphRunner): Promise<Roofline> {
    const isSigned = await areSignedProductsExact(runner);
    const graph = graphOf(products, 'roofline-int8', (g, name, [input, output]) => {
      const dims = [input, output];
      const weights = isSigned
        ? g.initializer<'int8'>(name, { type: 'int8', data: new Int8Array(input * output).fill(3), dims })
        : g.initializer<'uint8'>(name, uint8(new Uint8Array(input * output).fill(131), dims));
      const wScales = g.initializer<'float32'>(`${name}.scales`, float32(new Float32Array(output).fill(0.01)));
      const x = g.input(`${name}.x`, 'uint8', [`${name}.rows`, input]);
      return op.matMulIntegerToFloat(g, x, weights, { xScale: g.float(0.01), wScales });
    });
    const bytes = (dims: readonly [number, number]) => uint8(new Uint8Array(dims[0] * dims[1]).fill(131), dims);
    return new Roofline(await runner.load(graph), products, bytes);
  }

  /** of one run. */
  operations(units: number): number {
    return units * operationsOf(this.products);
  }

  /** One run for so many units of work, as quick as the quickest of a few: what is slower was disturbed. */
  async measure(units: number): Promise<Elapsed> {
    const feeds: Record<string, Feeds[string]> = {};
    for (const [n, { rows, input }] of this.products.entries()) {
      feeds[`${nameOf(n)}.x`] = this.activations([units * rows, input]);
    }
    await this.session.run(feeds);
    const runs: Elapsed[] = [];
    const begun = performance.now();
    while (runs.length < LEAST_RUNS || (performance.now() - begun < LEAST_MS && runs.length < MOST_RUNS)) {
      const elapsed = stopwatch();
      await this.session.run(feeds);
      runs.push(elapsed());
    }
    return {
      wallMs: Math.min(...runs.map(({ wallMs }) => wallMs)),
      cpuMs: Math.min(...runs.map(({ cpuMs }) => cpuMs)),
    };
  }

  release(): Promise<void> {
    return this.session.release();
  }
}

/**
 * What fp32 products take together, those of one shape measured once, alone: for so many rows that it does not matter
 * where weights come from, and in a fraction of their memory.
 */
export async function timeOfShapes(products: readonly MatrixProduct[], runner: GraphRunner): Promise<Elapsed> {
  const counts = new Map<string, { readonly product: MatrixProduct; times: number }>();
  for (const product of products) {
    const shape = [product.rows, product.input, product.output].join();
    const counted = counts.get(shape) ?? { product, times: 0 };
    counted.times++;
    counts.set(shape, counted);
  }
  const sum = { wallMs: 0, cpuMs: 0 };
  for (const { product, times } of counts.values()) {
    const roofline = await Roofline.load([product], runner);
    const { wallMs, cpuMs } = await roofline.measure(1);
    await roofline.release();
    sum.wallMs += times * wallMs;
    sum.cpuMs += times * cpuMs;
  }
  return sum;
}

function graphOf(
  products: readonly MatrixProduct[],
  graphName: string,
  product: (g: GraphBuilder, name: string, sizes: readonly [input: number, output: number]) => FloatValue,
) {
  const g = new GraphBuilder(graphName);
  for (const [n, { input, output }] of products.entries()) {
    const name = nameOf(n);
    const column = op.slice(g, product(g, name, [input, output]), 1, 0, g.constant(int64([1])));
    g.output(`${name}.column`, column, [`${name}.rows`, 1]);
  }
  return g.build();
}

const nameOf = (n: number): string => `product.${n}`;

const [LEAST_RUNS, MOST_RUNS, LEAST_MS] = [3, 50, 300] as const;
