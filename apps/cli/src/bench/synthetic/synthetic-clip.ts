import { RandomWeights, type Weights } from './random-weights.js';

/** CLIP image towers of random numbers, by the sizes of `SYNTHETIC_SIZES`; Hugging Face's configurations. */
export const SYNTHETIC_CLIPS = {
  /** ViT-B/32. */
  gpt2: {
    projection_dim: 512,
    vision_config: {
      hidden_size: 768,
      intermediate_size: 3072,
      num_hidden_layers: 12,
      num_attention_heads: 12,
      image_size: 224,
      patch_size: 32,
    },
  },
  tiny: {
    projection_dim: 32,
    vision_config: {
      hidden_size: 64,
      intermediate_size: 128,
      num_hidden_layers: 2,
      num_attention_heads: 4,
      image_size: 32,
      patch_size: 8,
    },
  },
} as const;

type SyntheticClip = (typeof SYNTHETIC_CLIPS)[keyof typeof SYNTHETIC_CLIPS];

/** The image tower of Hugging Face's CLIPModel; there is no text tower. */
export function clipVisionWeights({ projection_dim: P, vision_config }: SyntheticClip): Weights {
  const { hidden_size: C, intermediate_size: I, num_hidden_layers, image_size: n, patch_size: p } = vision_config;
  const weights = new RandomWeights()
    .vector('vision_model.embeddings.class_embedding', C, 0.01)
    .matrix('vision_model.embeddings.patch_embedding.weight', [C, 3, p, p])
    .matrix('vision_model.embeddings.position_embedding.weight', [(n / p) ** 2 + 1, C])
    .norm('vision_model.pre_layrnorm', C);
  for (let layer = 0; layer < num_hidden_layers; layer++) {
    const key = `vision_model.encoder.layers.${layer}`;
    for (const name of ['q_proj', 'k_proj', 'v_proj', 'out_proj']) weights.linear(`${key}.self_attn.${name}`, C, C);
    weights
      .norm(`${key}.layer_norm1`, C)
      .norm(`${key}.layer_norm2`, C)
      .linear(`${key}.mlp.fc1`, C, I)
      .linear(`${key}.mlp.fc2`, I, C);
  }
  return weights.norm('vision_model.post_layernorm', C).matrix('visual_projection.weight', [P, C]).tensors;
}
