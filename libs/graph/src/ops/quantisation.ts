import type { FloatValue, GraphBuilder, Value } from '../graph-builder.js';
import { uint8 } from '../tensor.js';
import { expand, reshape, shape } from './shape.js';

/** What stands for 0 in 8 bits. */
export const ZERO_POINT = 128;

/**
 * x / scale + 128, rounded and held within 0 to 255; `scale` is one number. For inference only, like all of these: they
 * have no gradients.
 */
export const quantizeLinear = (g: GraphBuilder, x: FloatValue, scale: FloatValue): Value<'uint8'> =>
  g.apply('QuantizeLinear', [x, scale, zeroPoint(g)], 'uint8');

/** The same with a scale for each row: x [M, N], `scales` [M, 1]. */
export function quantizeRows(g: GraphBuilder, x: FloatValue, scales: FloatValue): Value<'uint8'> {
  const flat = reshape(g, scales, [-1]);
  const zeros = expand(g, zeroPoint(g), shape(g, flat));
  return g.apply('QuantizeLinear', [x, flat, zeros], 'uint8', { axis: { int: 0 } });
}

/**
 * ((x - 128)·(w - zero))·xScale·wScales + bias: x [M, K], w [K, N], `xScale` one number, `wScales` [N]; exact in 32-bit
 * integers up to the scales. `zero` is 128 for unsigned weights and 0 for signed ones. Unsigned by unsigned is exact
 * wherever it runs; unsigned by signed takes less than half the time where the processor has an instruction for it
 * (VNNI), but those with AVX2 or AVX-512 and without it add two products in 16 bits and cut off what is too large.
 */
export const matMulIntegerToFloat = (
  g: GraphBuilder,
  x: Value<'uint8'>,
  w: Value<'uint8'> | Value<'int8'>,
  { xScale, wScales, bias }: { readonly xScale: FloatValue; readonly wScales: FloatValue; readonly bias?: FloatValue },
): FloatValue =>
  g.apply(
    'MatMulIntegerToFloat',
    [x, w, xScale, wScales, zeroPoint(g), w.type === 'int8' ? signedZero(g) : zeroPoint(g), ...(bias ? [bias] : [])],
    'float32',
    {},
    'com.microsoft',
  );

const zeroPoint = (g: GraphBuilder): Value<'uint8'> => g.constant<'uint8'>(uint8(Uint8Array.of(ZERO_POINT), []));
const signedZero = (g: GraphBuilder): Value<'int8'> =>
  g.constant<'int8'>({ type: 'int8', data: new Int8Array(1), dims: [] });
