import type { WeightSource } from '@housestyle/graph';
import { OPENAI_MEAN, OPENAI_STD } from './clip-config.js';
import { parseOpenAiClipConfig } from './openai-clip-config.js';

/**
 * What stands in the two configurations of a model's clip/, made of a checkpoint under OpenAI's names alone: shapes are
 * enough, no values are read.
 * @throws DomainError `invalid_model` when it is none, or not whole.
 */
export function describeOpenAiClip(weights: WeightSource): { readonly config: object; readonly preprocessor: object } {
  const { imageSize, projectionDim, vision, text } = parseOpenAiClipConfig({}, weights, weights.label);
  const ofTower = (tower: { hiddenSize: number; intermediateSize: number; numLayers: number; numHeads: number }) => ({
    hidden_size: tower.hiddenSize,
    intermediate_size: tower.intermediateSize,
    num_hidden_layers: tower.numLayers,
    num_attention_heads: tower.numHeads,
  });
  const visionConfig =
    vision.kind === 'resnet'
      ? { layers: vision.config.layers, width: vision.config.width, num_attention_heads: vision.config.numHeads }
      : { ...ofTower(vision.config), patch_size: vision.config.patchSize };
  const textConfig = text && {
    ...ofTower(text),
    vocab_size: text.vocabSize,
    max_position_embeddings: text.contextLength,
  };
  return {
    config: {
      model_type: vision.kind === 'resnet' ? 'clip_resnet' : 'clip',
      projection_dim: projectionDim,
      vision_config: { ...visionConfig, image_size: imageSize },
      ...(textConfig && { text_config: textConfig }),
    },
    preprocessor: {
      do_resize: true,
      size: { shortest_edge: imageSize },
      resample: 3,
      do_center_crop: true,
      crop_size: { height: imageSize, width: imageSize },
      do_rescale: true,
      rescale_factor: 1 / 255,
      do_normalize: true,
      image_mean: OPENAI_MEAN,
      image_std: OPENAI_STD,
    },
  };
}
