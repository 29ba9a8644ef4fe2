import type { StateDict, TorchTensorData } from './torch-file.js';

/** Makes a tensor of a shape; each kind of test has its own. */
export type TensorOf = (dims: readonly number[], name: string) => TorchTensorData;

export interface MapperShape {
  /** d */
  readonly embedding: number;
  /** K */
  readonly prefix: number;
  /** C */
  readonly width: number;
}

export interface Gpt2Shape {
  /** C */
  readonly width: number;
  readonly layers: number;
  readonly words: number;
  readonly positions: number;
}

export const GPT2_SMALL: Gpt2Shape = { width: 768, layers: 12, words: 50257, positions: 1024 };

/** Official names and shapes, from predict.py and train.py: nn.Linear as [out, in], Hugging Face's Conv1D as [in, out]. */
export function mlpState({ embedding, prefix, width }: MapperShape, of: TensorOf): StateDict {
  const hidden = Math.floor((prefix * width) / 2);
  return state(of, [
    ...linear('clip_project.model.0', embedding, hidden),
    ...linear('clip_project.model.2', hidden, prefix * width),
  ]);
}

export const linearState = ({ embedding, prefix, width }: MapperShape, of: TensorOf): StateDict =>
  state(of, linear('clip_project', embedding, prefix * width));

export function transformerState(
  {
    embedding,
    prefix,
    width,
    clipLength,
    layers,
  }: MapperShape & { readonly clipLength: number; readonly layers: number },
  of: TensorOf,
): StateDict {
  const blocks = Array.from({ length: layers }, (_, n) => {
    const key = `clip_project.transformer.layers.${n}`;
    return [
      ...norm(`${key}.norm1`, width),
      [`${key}.attn.to_queries.weight`, [width, width]],
      [`${key}.attn.to_keys_values.weight`, [2 * width, width]],
      ...linear(`${key}.attn.project`, width, width),
      ...norm(`${key}.norm2`, width),
      ...linear(`${key}.mlp.fc1`, width, 2 * width),
      ...linear(`${key}.mlp.fc2`, 2 * width, width),
    ] satisfies Shapes;
  });
  return state(of, [
    ['clip_project.prefix_const', [prefix, width]],
    ...blocks.flat(),
    ...linear('clip_project.linear', embedding, clipLength * width),
  ]);
}

/** With the masks that transformers of the time kept among the weights, and the head that is the word table. */
export function gpt2State({ width: C, layers, words, positions }: Gpt2Shape, of: TensorOf): StateDict {
  const blocks = Array.from({ length: layers }, (_, n) => {
    const key = `gpt.transformer.h.${n}`;
    return [
      ...norm(`${key}.ln_1`, C),
      [`${key}.attn.bias`, [1, 1, positions, positions]],
      [`${key}.attn.masked_bias`, []],
      ...conv1d(`${key}.attn.c_attn`, C, 3 * C),
      ...conv1d(`${key}.attn.c_proj`, C, C),
      ...norm(`${key}.ln_2`, C),
      ...conv1d(`${key}.mlp.c_fc`, C, 4 * C),
      ...conv1d(`${key}.mlp.c_proj`, 4 * C, C),
    ] satisfies Shapes;
  });
  const table = 'gpt.transformer.wte.weight';
  const own = state(of, [
    [table, [words, C]],
    ['gpt.transformer.wpe.weight', [positions, C]],
    ...blocks.flat(),
    ...norm('gpt.transformer.ln_f', C),
  ]);
  return new Map([...own, ['gpt.lm_head.weight', { ...own.get(table)!, sharedWith: table }]]);
}

type Shapes = (readonly [name: string, dims: readonly number[]])[];

const state = (of: TensorOf, shapes: Shapes): StateDict =>
  new Map(shapes.map(([name, dims]) => [name, of(dims, name)]));

const linear = (name: string, input: number, output: number): Shapes => [
  [`${name}.weight`, [output, input]],
  [`${name}.bias`, [output]],
];
const conv1d = (name: string, input: number, output: number): Shapes => [
  [`${name}.weight`, [input, output]],
  [`${name}.bias`, [output]],
];
const norm = (name: string, width: number): Shapes => [
  [`${name}.weight`, [width]],
  [`${name}.bias`, [width]],
];
