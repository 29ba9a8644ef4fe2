import { float32, MemoryWeights, type Tensor } from '@housestyle/graph';
import { describe, expect, it } from 'vitest';
import { initialParameters, type TrainedParts } from './parameters.js';
import { Random } from './random.js';
import type { TrainingModel } from './training-engine.js';

const zeros = (...dims: number[]) => float32(new Float32Array(dims.reduce((count, dim) => count * dim, 1)), dims);

/** d = 3, K = 2, C = 4, one layer */
const model: TrainingModel = {
  mapper: {
    config: {
      mappingType: 'mlp',
      prefixSize: 3,
      prefixLength: 2,
      decoderWidth: 4,
      clipLength: 0,
      numLayers: 0,
      numHeads: 8,
      isPrefixNormalized: false,
    },
    weights: new MemoryWeights(
      'mapper',
      new Map([
        ['clip_project.model.0.weight', zeros(5, 3)],
        ['clip_project.model.0.bias', float32([1, 2, 3, 4, 5])],
        ['clip_project.model.2.weight', zeros(8, 5)],
        ['clip_project.model.2.bias', zeros(8)],
      ]),
    ),
  },
  gpt2: {
    config: {
      vocabSize: 7,
      numPositions: 9,
      width: 4,
      numLayers: 1,
      numHeads: 2,
      innerWidth: 16,
      activation: 'gelu_new',
      layerNormEpsilon: 1e-5,
      attentionScales: [1],
      isHeadTied: true,
    },
    weights: new MemoryWeights(
      'gpt2',
      new Map([
        ['transformer.wte.weight', zeros(7, 4)],
        ['lm_head.weight', zeros(7, 4)],
      ]),
    ),
  },
};

const parametersOf = (parts: TrainedParts, start?: MemoryWeights) =>
  initialParameters(model, parts, new Random(1), start);
const shapesOf = (parameters: ReadonlyMap<string, Tensor>) =>
  Object.fromEntries([...parameters].map(([name, { dims }]) => [name, dims.join('×')]));

describe('initialParameters', () => {
  it('are none of what is frozen', () => {
    expect(parametersOf({ mapper: 'frozen', decoder: 'frozen' }).size).toBe(0);
  });

  it('are copies of the model’s weights, a tied head once', () => {
    const parameters = parametersOf({ mapper: 'full', decoder: 'full' });
    expect([...parameters.keys()]).toEqual([...model.mapper.weights.names(), 'transformer.wte.weight']);
    parameters.get('clip_project.model.0.bias')!.data[0] = 99;
    expect(model.mapper.weights.read('clip_project.model.0.bias')![0]).toBe(1);
  });

  it('are deltas on every linear layer that change nothing yet', () => {
    const parameters = parametersOf({ mapper: { rank: 2 }, decoder: { rank: 8 } });
    expect(shapesOf(parameters)).toEqual({
      'clip_project.model.0.A': '3×2',
      'clip_project.model.0.B': '2×5',
      'clip_project.model.2.A': '5×2',
      'clip_project.model.2.B': '2×8',
      'transformer.h.0.attn.c_attn.A': '4×8',
      'transformer.h.0.attn.c_attn.B': '8×12',
      'transformer.h.0.attn.c_proj.A': '4×8',
      'transformer.h.0.attn.c_proj.B': '8×4',
      'transformer.h.0.mlp.c_fc.A': '4×8',
      'transformer.h.0.mlp.c_fc.B': '8×16',
      'transformer.h.0.mlp.c_proj.A': '16×8',
      'transformer.h.0.mlp.c_proj.B': '8×4',
    });
    for (const [name, { data }] of parameters) expect(data.every((value) => value === 0)).toBe(name.endsWith('.B'));
  });

  it('are, when asked for, a delta of the word table as well, which changes nothing yet either', () => {
    const parameters = parametersOf({ mapper: 'frozen', decoder: { rank: 2, wordRank: 3 } });
    const words = [...parameters].filter(([name]) => name.startsWith('transformer.wte.'));
    expect(shapesOf(new Map(words))).toEqual({ 'transformer.wte.A': '7×3', 'transformer.wte.B': '3×4' });
    const [a, b] = words.map(([, { data }]) => data);
    expect(a!.every((value) => value === 0)).toBe(true);
    expect(b!.some((value) => value !== 0)).toBe(true);
    const linears = parametersOf({ mapper: 'frozen', decoder: { rank: 2 } });
    for (const [name, tensor] of linears) expect(parameters.get(name)).toEqual(tensor);
  });

  it('go on from where an earlier run ended', () => {
    const start = new MemoryWeights(
      'champion',
      new Map([['clip_project.model.0.B', float32([...Array(10).keys()], [2, 5])]]),
    );
    const parameters = parametersOf({ mapper: { rank: 2 }, decoder: 'frozen' }, start);
    expect([...parameters.get('clip_project.model.0.B')!.data]).toEqual([...Array(10).keys()]);
    expect(() => parametersOf({ mapper: { rank: 3 }, decoder: 'frozen' }, start)).toThrow('champion');
  });
});
