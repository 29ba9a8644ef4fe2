import type { FloatValue, GraphBuilder, Value } from '../graph-builder.js';
import { DATA_TYPES } from '../onnx-proto.js';
import type { ElementType } from '../tensor.js';

/** Element-wise operators; shapes broadcast as in NumPy. */
export const add = <T extends ElementType>(g: GraphBuilder, a: Value<T>, b: Value<T>): Value<T> =>
  g.apply('Add', [a, b], a.type);
export const sub = <T extends ElementType>(g: GraphBuilder, a: Value<T>, b: Value<T>): Value<T> =>
  g.apply('Sub', [a, b], a.type);
export const mul = <T extends ElementType>(g: GraphBuilder, a: Value<T>, b: Value<T>): Value<T> =>
  g.apply('Mul', [a, b], a.type);
export const div = <T extends ElementType>(g: GraphBuilder, a: Value<T>, b: Value<T>): Value<T> =>
  g.apply('Div', [a, b], a.type);

export const cast = <T extends ElementType>(g: GraphBuilder, x: Value, to: T): Value<T> =>
  g.apply('Cast', [x], to, { to: { int: DATA_TYPES[to] } });

export const tanh = (g: GraphBuilder, x: FloatValue): FloatValue => g.apply('Tanh', [x], 'float32');
export const relu = (g: GraphBuilder, x: FloatValue): FloatValue => g.apply('Relu', [x], 'float32');
export const sigmoid = (g: GraphBuilder, x: FloatValue): FloatValue => g.apply('Sigmoid', [x], 'float32');

/** x·Φ(x): exact (erf), or the tanh approximation that GPT-2 calls `gelu_new`. */
export const gelu = (g: GraphBuilder, x: FloatValue, approximate: 'none' | 'tanh' = 'none'): FloatValue =>
  g.apply('Gelu', [x], 'float32', { approximate: { string: approximate } });

/** The tanh approximation as one fused kernel. */
export const fastGelu = (g: GraphBuilder, x: FloatValue): FloatValue =>
  g.apply('FastGelu', [x], 'float32', {}, 'com.microsoft');

/** x·σ(1.702x), CLIP's activation. */
export const quickGelu = (g: GraphBuilder, x: FloatValue): FloatValue =>
  mul(g, x, sigmoid(g, mul(g, x, g.float(1.702))));
