import type { MapperConfig } from '@housestyle/clipcap';
import { elementCount, MemoryWeights, type Tensor } from '@housestyle/graph';
import type { Random } from './random.js';

/**
 * A mapper that has learned nothing, drawn as PyTorch draws the layers of the official code: linears even in ±1/√in,
 * the learned prefix from the normal distribution, norms at one and zero.
 */
export function freshMapper(config: MapperConfig, random: Random): MemoryWeights {
  const tensors = new Map<string, Tensor<'float32'>>();
  const draw = (name: string, dims: readonly number[], value: () => number): void => {
    tensors.set(name, { type: 'float32', dims, data: Float32Array.from({ length: elementCount(dims) }, value) });
  };
  const linear: DrawLinear = (key, input, output, hasBias = true) => {
    const bound = input ** -0.5;
    const even = () => (2 * random.uniform() - 1) * bound;
    draw(`${key}.weight`, [output, input], even);
    if (hasBias) draw(`${key}.bias`, [output], even);
  };
  const { prefixSize: d, prefixLength: K, decoderWidth: C } = config;
  switch (config.mappingType) {
    case 'linear':
      linear('clip_project', d, K * C);
      break;
    case 'mlp':
      linear('clip_project.model.0', d, Math.floor((K * C) / 2));
      linear('clip_project.model.2', Math.floor((K * C) / 2), K * C);
      break;
    case 'transformer':
      linear('clip_project.linear', d, config.clipLength * C);
      draw('clip_project.prefix_const', [K, C], () => random.normal());
      for (let n = 0; n < config.numLayers; n++) {
        const layer = `clip_project.transformer.layers.${n}`;
        for (const norm of ['norm1', 'norm2']) {
          draw(`${layer}.${norm}.weight`, [C], () => 1);
          draw(`${layer}.${norm}.bias`, [C], () => 0);
        }
        drawBlock(linear, layer, C);
      }
  }
  return new MemoryWeights('a new mapper', tensors);
}

type DrawLinear = (key: string, input: number, output: number, hasBias?: boolean) => void;

function drawBlock(linear: DrawLinear, layer: string, C: number): void {
  linear(`${layer}.attn.to_queries`, C, C, false);
  linear(`${layer}.attn.to_keys_values`, C, 2 * C, false);
  linear(`${layer}.attn.project`, C, C);
  linear(`${layer}.mlp.fc1`, C, MLP_RATIO * C);
  linear(`${layer}.mlp.fc2`, MLP_RATIO * C, C);
}

const MLP_RATIO = 2;
