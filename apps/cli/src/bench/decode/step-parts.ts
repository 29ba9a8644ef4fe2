import type { Gpt2Config } from '@housestyle/clipcap';

/** An entry of onnxruntime's profile, times in microseconds. */
export interface ProfileEvent {
  readonly name: string;
  readonly ts: number;
  readonly dur: number;
  readonly args?: {
    readonly op_name?: string;
    readonly input_type_shape?: readonly Shape[];
    readonly output_type_shape?: readonly Shape[];
  };
}

/** {"float": [80, 768]} */
type Shape = Readonly<Record<string, readonly number[]>>;

/** What the operators of a step belong to. */
export type StepPart =
  | 'linear layers: attention in'
  | 'linear layers: attention out'
  | 'linear layers: MLP in'
  | 'linear layers: MLP out'
  | 'linear layer: head'
  | 'attention: products'
  | 'attention: mask, softmax, layout'
  | 'head: log-softmax, top k'
  | 'GELU'
  | 'norms'
  | 'rounding to 8 bits, and back'
  | 'residuals, look-ups, other';

/** What is no operator's. */
export const PROGRAM_PARTS = {
  between: 'between operators',
  copies: 'feeds in, results out of onnxruntime',
  search: 'search, masks, cache (JavaScript)',
} as const;

/** By the operator and the shapes it worked on. */
export function partOf({ args }: ProfileEvent, { width: C, innerWidth: I, vocabSize: V }: Gpt2Config): StepPart {
  const operator = args?.op_name ?? '';
  const shapes = (args?.input_type_shape ?? []).map((shape) => Object.values(shape)[0] ?? []);
  const output = Object.values(args?.output_type_shape?.[0] ?? {})[0] ?? [];
  const [wide, rank] = [output.at(-1) ?? 0, output.length];
  const isProduct = PRODUCTS.some((name) => operator.includes(name));
  if (isProduct && rank > 2) return wide === 1 ? 'head: log-softmax, top k' : 'attention: products';
  if (isProduct) {
    if (wide >= V) return 'linear layer: head';
    if (wide === 3 * C) return 'linear layers: attention in';
    if (wide === I) return 'linear layers: MLP in';
    return shapes[0]?.at(-1) === I ? 'linear layers: MLP out' : 'linear layers: attention out';
  }
  if (operator.includes('LayerNormalization')) return 'norms';
  if (operator.includes('Gelu')) return 'GELU';
  const isOfBlocks = rank === 3 && ['ReduceMax', 'GatherND', 'Gather'].includes(operator);
  if (operator === 'TopK' || operator === 'LogSoftmax' || wide >= V || isOfBlocks) return 'head: log-softmax, top k';
  if (ROUNDING.includes(operator) && rank < 4) return 'rounding to 8 bits, and back';
  if (rank > 3 || operator === 'Softmax' || operator === 'Transpose') return 'attention: mask, softmax, layout';
  return 'residuals, look-ups, other';
}

const PRODUCTS = ['Gemm', 'MatMul'];
const ROUNDING = ['QuantizeLinear', 'ReduceMax', 'Abs', 'Max', 'Div', 'Mul'];
