import { fetched, float32, GraphBuilder, op, uint8 } from '@housestyle/graph';
import { OnnxGraphRunner } from '@housestyle/runtime';
import { describe, expect, it } from 'vitest';
import { areSignedProductsExact } from './signed-products.js';

const [ROWS, WIDTH, COLUMNS] = [5, 96, 48];
const runner = new OnnxGraphRunner({ threads: 1 });

/** Weights from -128 to 127 as they are, or 128 higher and unsigned. */
async function product(isSigned: boolean): Promise<Float32Array> {
  const g = new GraphBuilder('product');
  const x = g.input('x', 'uint8', [ROWS, WIDTH]);
  const weights = Int8Array.from({ length: WIDTH * COLUMNS }, (_, n) => (Math.imul(n + 1, 0x9e3779b1) >>> 24) - 128);
  const dims = [WIDTH, COLUMNS];
  const w = isSigned
    ? g.initializer<'int8'>('w', { type: 'int8', data: weights, dims })
    : g.initializer<'uint8'>(
        'w',
        uint8(
          Uint8Array.from(weights, (value) => value + 128),
          dims,
        ),
      );
  const wScales = g.constant<'float32'>(float32(Float32Array.from({ length: COLUMNS }, (_, n) => 1 / (n + 1))));
  g.output('y', op.matMulIntegerToFloat(g, x, w, { xScale: g.float(0.25), wScales }), [ROWS, COLUMNS]);
  const session = await runner.load(g.build());
  const inputs = Uint8Array.from({ length: ROWS * WIDTH }, (_, n) => 255 - ((n * 37) % 90));
  const outputs = await session.run({ x: uint8(inputs, [ROWS, WIDTH]) });
  await session.release();
  return fetched(outputs, 'y', 'float32').data;
}

describe('products of unsigned by signed bytes', () => {
  it('are used only where they give what unsigned by unsigned ones give', async () => {
    const isExact = await areSignedProductsExact(runner);
    const [unsigned, signed] = [await product(false), await product(true)];
    if (isExact) expect(signed).toEqual(unsigned);
    expect(await areSignedProductsExact(runner)).toBe(isExact);
  });
});
