import { WORD_TABLE } from '@housestyle/clipcap';
import { float32, MemoryWeights } from '@housestyle/graph';
import { SYNTHETIC_CLIPS } from './synthetic-clip.js';
import { SYNTHETIC_SIZES, type SyntheticSize } from './synthetic-model.js';

/** For random weights, whose norms change nothing: what comes out of one rarely goes beyond 4 deviations. */
export function syntheticCalibration(size: SyntheticSize): MemoryWeights {
  const { n_layer, n_embd } = SYNTHETIC_SIZES[size];
  const { num_hidden_layers, hidden_size } = SYNTHETIC_CLIPS[size].vision_config;
  const ofGpt2 = layers(n_layer).flatMap((n) =>
    ['attn.c_attn', 'mlp.c_fc'].map((name) => `transformer.h.${n}.${name}`),
  );
  const ofClip = layers(num_hidden_layers).flatMap((n) =>
    ['self_attn.q_proj', 'mlp.fc1'].map((name) => `vision_model.encoder.layers.${n}.${name}`),
  );
  const reach = (width: number) => float32(new Float32Array(width).fill(REACH));
  return new MemoryWeights(
    'the calibration of random weights',
    new Map([
      ...[...ofGpt2, WORD_TABLE].map((key) => [key, reach(n_embd)] as const),
      ...ofClip.map((key) => [key, reach(hidden_size)] as const),
    ]),
  );
}

const REACH = 4;

const layers = (count: number): number[] => Array.from({ length: count }, (_, n) => n);
