import type { Attributes, Dim } from './onnx-proto.js';

type Dims = readonly Dim[];
/** undefined: not known beforehand. */
type Known = Dims | undefined;
type Rule = (inputs: readonly Known[], attributes: Attributes) => Known;

/**
 * The dimensions of everything that an operator gives, where its inputs' are known: of those operators that a training
 * step is made of, so that its backward pass need not find out while it runs what was broadcast. Names stand for sizes
 * that are known when the graph runs; two that are written alike are one size.
 */
export function inferDims(opType: string, inputs: readonly Known[], attributes: Attributes): Known {
  return RULES[opType]?.(inputs, attributes);
}

export const areSame = (a: Known, b: Known): boolean =>
  a !== undefined && b !== undefined && a.length === b.length && a.every((dim, n) => dim === b[n]);

const asFirst: Rule = ([x]) => x;

/** As in NumPy; a named size may be 1, so against another name nothing is known. */
const broadcast: Rule = ([a, b]) => {
  if (!a || !b) return undefined;
  const [long, short] = a.length >= b.length ? [a, b] : [b, a];
  const missing = long.length - short.length;
  const dims = long.map((dim, n) => together(dim, short[n - missing] ?? 1));
  return dims.every((dim) => dim !== undefined) ? dims : undefined;
};

function together(a: Dim, b: Dim): Dim | undefined {
  if (a === b || b === 1) return a;
  if (a === 1) return b;
  return undefined;
}

/** Over the last two dimensions; those before them must be alike. */
const product: Rule = ([a, b], attributes) => {
  if (!a || !b || a.length < 2 || b.length < 2) return undefined;
  const [before, beforeB] = [a.slice(0, -2), b.slice(0, -2)];
  if (beforeB.length > 0 && !areSame(before, beforeB)) return undefined;
  return [
    ...before,
    isSet(attributes, 'transA') ? a.at(-1)! : a.at(-2)!,
    isSet(attributes, 'transB') ? b.at(-2)! : b.at(-1)!,
  ];
};

function isSet(attributes: Attributes, name: string): boolean {
  const attribute = attributes[name];
  return attribute !== undefined && 'int' in attribute && attribute.int === 1;
}

const RULES: Readonly<Record<string, Rule>> = {
  ...Object.fromEntries(
    ['Identity', 'Cast', 'Neg', 'Exp', 'Erf', 'Tanh', 'Sigmoid', 'Relu', 'Gelu', 'FastGelu']
      .concat(['Softmax', 'LogSoftmax', 'LayerNormalization'])
      .map((opType) => [opType, asFirst]),
  ),
  Add: broadcast,
  Sub: broadcast,
  Mul: broadcast,
  Div: broadcast,
  Greater: broadcast,
  Where: ([condition, x, y]) => broadcast([condition, broadcast([x, y], {})], {}),
  Gemm: product,
  MatMul: product,
  FusedMatMul: product,
  Gather: ([x, indices], { axis }) => {
    if (!x || !indices || (axis && 'int' in axis && axis.int !== 0)) return undefined;
    return [...indices, ...x.slice(1)];
  },
  /** Into equal parts. */
  Split: ([x], { axis, num_outputs: parts }) => {
    if (!x || !axis || !('int' in axis) || !parts || !('int' in parts)) return undefined;
    const size = x[axis.int];
    return typeof size === 'number' ? x.with(axis.int, size / parts.int) : undefined;
  },
  Transpose: ([x], { perm }) => (x && perm && 'ints' in perm ? perm.ints.map((axis) => x[axis]!) : undefined),
};
