import { performance } from 'node:perf_hooks';
import { areSignedProductsExact, gpt2Linears, type Gpt2Config } from '@housestyle/clipcap';
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

/**
 * What this machine's matrix products do at best: the decoder's own, every linear layer and the head once for M rows,
 * and nothing else. Of each product only one column leaves the graph, so that nothing is measured but the product.
 */
export class Roofline {
  private constructor(
    private readonly session: GraphSession,
    private readonly sizes: readonly MatrixSizes[],
    private readonly activations: (dims: readonly [rows: number, width: number]) => Tensor,
  ) {}

  /** In fp32; weights do not decide how long a product takes. */
  static async load(config: Gpt2Config, runner: GraphRunner): Promise<Roofline> {
    const { graph, sizes } = productsOf(config, 'roofline', (g, name, [input, output]) => {
      const weights = g.initializer<'float32'>(
        name,
        float32(new Float32Array(input * output).fill(0.01), [input, output]),
      );
      return op.gemm(g, g.input(`${name}.x`, 'float32', ['M', input]), weights);
    });
    const ones = (dims: readonly [number, number]) => float32(new Float32Array(dims[0] * dims[1]).fill(0.5), dims);
    return new Roofline(await runner.load(graph), sizes, ones);
  }

  /** The same in 8 bits, with a scale for each column of the weights. */
  static async loadInt8(config: Gpt2Config, runner: GraphRunner): Promise<Roofline> {
    const isSigned = await areSignedProductsExact(runner);
    const { graph, sizes } = productsOf(config, 'roofline-int8', (g, name, [input, output]) => {
      const dims = [input, output];
      const weights = isSigned
        ? g.initializer<'int8'>(name, { type: 'int8', data: new Int8Array(input * output).fill(3), dims })
        : g.initializer<'uint8'>(name, uint8(new Uint8Array(input * output).fill(131), dims));
      const wScales = g.initializer<'float32'>(`${name}.scales`, float32(new Float32Array(output).fill(0.01)));
      const x = g.input(`${name}.x`, 'uint8', ['M', input]);
      return op.matMulIntegerToFloat(g, x, weights, { xScale: g.float(0.01), wScales });
    });
    const bytes = (dims: readonly [number, number]) => uint8(new Uint8Array(dims[0] * dims[1]).fill(131), dims);
    return new Roofline(await runner.load(graph), sizes, bytes);
  }

  /** operations of one run for `rows` rows, additions and multiplications counted apart. */
  operations(rows: number): number {
    return 2 * rows * this.sizes.reduce((sum, { input, output }) => sum + input * output, 0);
  }

  /** One run, as quick as the quickest of a few: what is slower was disturbed. */
  async measure(rows: number): Promise<Elapsed> {
    const feeds: Record<string, Feeds[string]> = {};
    for (const { name, input } of this.sizes) feeds[`${name}.x`] = this.activations([rows, input]);
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
 * Operations of the decoder's matrix products with weights: one pass over K positions of each image, then one over the
 * beams for each further token. Attention's own products, a few in a hundred, are left out.
 */
export function decodeOperations(
  config: Gpt2Config,
  { batch, numBeams, tokens }: { readonly batch: number; readonly numBeams: number; readonly tokens: number },
  prefixLength: number,
): number {
  const { width: C, vocabSize: V, numLayers } = config;
  const linears = [...gpt2Linears(config)];
  const whole = linears.reduce((sum, [, [input, output]]) => sum + input * output, 0);
  // after the last layer's attention only the rows go on whose next token is asked for
  const tail = linears
    .filter(([name]) => name.includes(`.h.${numLayers - 1}.`) && !name.endsWith('c_attn'))
    .reduce((sum, [, [input, output]]) => sum + input * output, 0);
  const first = batch * (prefixLength * (whole - tail) + tail + C * V);
  return 2 * (first + (tokens - 1) * batch * numBeams * (whole + C * V));
}

interface MatrixSizes {
  readonly name: string;
  readonly input: number;
  readonly output: number;
}

function productsOf(
  config: Gpt2Config,
  graphName: string,
  product: (g: GraphBuilder, name: string, sizes: readonly [input: number, output: number]) => FloatValue,
) {
  const g = new GraphBuilder(graphName);
  const head = ['head', [config.width, config.vocabSize]] as const;
  const sizes: MatrixSizes[] = [];
  for (const [name, [input, output]] of [...gpt2Linears(config), head]) {
    const column = op.slice(g, product(g, name, [input, output]), 1, 0, g.constant(int64([1])));
    g.output(`${name}.column`, column, ['M', 1]);
    sizes.push({ name, input, output });
  }
  return { graph: g.build(), sizes };
}

const [LEAST_RUNS, MOST_RUNS, LEAST_MS] = [3, 50, 300] as const;
