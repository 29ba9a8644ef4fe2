import { describe, expect, it } from 'vitest';
import { GraphBuilder } from './graph-builder.js';
import * as op from './ops/index.js';
import { float32 } from './tensor.js';
import { MemoryWeights } from './weights.js';

const weights = new MemoryWeights('demo.safetensors', new Map([['w', float32(new Float32Array(6), [2, 3])]]));

describe('GraphBuilder', () => {
  it('takes a weight once, however often it is used', () => {
    const g = new GraphBuilder('test');
    expect(g.weight(weights, 'w', [2, 3])).toBe(g.weight(weights, 'w'));
  });

  it('shares equal constants and keeps apart those that only look alike', () => {
    const g = new GraphBuilder('test');
    expect(g.ints(1, 2)).toBe(g.ints(1, 2));
    expect(g.float(1)).toBe(g.float(1));
    expect(g.constant<'float32'>(float32([1]))).not.toBe(g.float(1));
  });

  it('names the checkpoint, the tensor and both shapes when they disagree', () => {
    const g = new GraphBuilder('test');
    const complaint = 'demo.safetensors: w is [2, 3], its configuration says [3, 2]';
    expect(() => g.weight(weights, 'w', [3, 2])).toThrow(complaint);
    expect(() => g.weight(weights, 'v')).toThrow('demo.safetensors: no tensor v');
  });

  it('never takes one checkpoint’s tensor for another’s of the same name', () => {
    const g = new GraphBuilder('test');
    g.weight(weights, 'w');
    const other = new MemoryWeights('other.safetensors', new Map([['w', float32([0])]]));
    expect(() => g.weight(other, 'w')).toThrow('w of other.safetensors has the name of another checkpoint');
  });

  it('refuses a value of another graph', () => {
    const foreign = new GraphBuilder('other').float(1);
    const g = new GraphBuilder('test');
    expect(() => op.add(g, g.float(1), foreign)).toThrow('graph test: Add is given a foreign value');
  });

  it('keeps every node with its values, for passes to come', () => {
    const g = new GraphBuilder('test');
    const x = g.input('x', 'float32', ['B', 2]);
    const y = op.gemm(g, x, g.weight(weights, 'w'));
    expect(g.nodes).toEqual([
      {
        opType: 'Gemm',
        domain: '',
        inputs: [x, g.weight(weights, 'w')],
        outputs: [y],
        attributes: expect.anything() as object,
      },
    ]);
  });

  it('places files of different folders relative to the deepest folder that holds both', () => {
    const g = new GraphBuilder('test');
    const file = (path: string) => ({ type: 'float32' as const, dims: [1], file: path, offset: 0, length: 4 });
    const a = g.initializer('a', file('/models/demo/gpt2/model.safetensors'));
    const b = g.initializer('b', file('/models/demo2/delta.safetensors'));
    g.output('y', op.add(g, a, b), [1]);
    const model = g.build();
    expect(model.weightsFolder).toBe('/models');
    const bytes = Buffer.from(model.bytes).toString('latin1');
    expect(bytes).toContain('demo/gpt2/model.safetensors');
    expect(bytes).toContain('demo2/delta.safetensors');
  });

  it('leaves out what no output needs, nodes and weights', () => {
    const g = new GraphBuilder('test');
    const w = g.weight(weights, 'w');
    const unused = op.tanh(g, g.initializer('of nobody', float32([1, 2])));
    op.exp(g, op.sigmoid(g, unused));
    g.output('y', op.relu(g, w), [2, 3]);
    const model = g.build();
    expect(model.operators?.().map(({ opType }) => opType)).toEqual(['Relu']);
    expect(Buffer.from(model.bytes).toString('latin1')).not.toMatch(/of nobody|Tanh|Sigmoid|Exp/);
  });

  it('has no weights folder when every weight is inside', () => {
    const g = new GraphBuilder('test');
    g.output('y', op.relu(g, g.weight(weights, 'w')), [2, 3]);
    expect(g.build()).not.toHaveProperty('weightsFolder');
  });
});
