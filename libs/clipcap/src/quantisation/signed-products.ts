import { fetched, float32, GraphBuilder, op, uint8, type GraphRunner } from '@housestyle/graph';
import type { ModelOptions } from './precision.js';

const known = new WeakMap<GraphRunner, Promise<boolean>>();

/**
 * `options`, with what the graphs must know of where they run: whether that is a GPU and, where it matters, the answer to
 * `areSignedProductsExact`. What is computed is the same either way.
 */
export async function withFastestProducts(runner: GraphRunner, options: ModelOptions): Promise<ModelOptions> {
  const known = { isForGpu: runner.isGpu ?? false, ...options };
  const isInBytes = options.precision === 'int8' || options.precision === 'int8-static';
  if (!isInBytes || options.hasSignedProducts !== undefined) return known;
  return { ...known, hasSignedProducts: await areSignedProductsExact(runner) };
}

/**
 * Whether 8-bit products of unsigned by signed numbers come out exactly where `runner` runs, the largest too: they take
 * less than half the time of unsigned by unsigned ones, but some processors cut their sums off. Found out once, by trying.
 */
export function areSignedProductsExact(runner: GraphRunner): Promise<boolean> {
  const answer = known.get(runner) ?? tryThem(runner).catch(() => false);
  known.set(runner, answer);
  return answer;
}

/** Wide enough for the kernels that full-size layers use. */
const [ROWS, WIDTH, COLUMNS] = [8, 256, 64] as const;

async function tryThem(runner: GraphRunner): Promise<boolean> {
  const g = new GraphBuilder('signed-products');
  const x = g.input('x', 'uint8', [ROWS, WIDTH]);
  const data = Int8Array.from({ length: WIDTH * COLUMNS }, (_, n) => (Math.floor(n / COLUMNS) % 4 < 2 ? 127 : -127));
  const w = g.initializer<'int8'>('w', { type: 'int8', data, dims: [WIDTH, COLUMNS] });
  const scales = { xScale: g.float(1), wScales: g.constant<'float32'>(float32(new Float32Array(COLUMNS).fill(1))) };
  g.output('y', op.matMulIntegerToFloat(g, x, w, scales), [ROWS, COLUMNS]);
  const session = await runner.load(g.build());
  // two neighbours at most, then two at least: sums of pairs leave 16 bits on either side
  const inputs = Uint8Array.from({ length: ROWS * WIDTH }, (_, n) => (n % 4 < 2 ? 255 : 254));
  const outputs = await session.run({ x: uint8(inputs, [ROWS, WIDTH]) });
  await session.release();
  const exact = ((255 - op.ZERO_POINT) * 127 * WIDTH) / 2 - ((254 - op.ZERO_POINT) * 127 * WIDTH) / 2;
  return fetched(outputs, 'y', 'float32').data.every((value) => value === exact);
}
