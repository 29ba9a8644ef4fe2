import { DomainError } from '@housestyle/domain';
import type { WeightSource } from '@housestyle/graph';
import {
  CLIP_ACTIVATIONS,
  type ClipActivation,
  type ClipTextConfig,
  type ClipTowerConfig,
  type ClipVisionConfig,
} from './clip-config.js';
import { parseClipResNetConfig, type ClipResNetConfig } from './clip-resnet-config.js';
import { ConfigFields } from './config-fields.js';
import { agreedSize, countOf, dimsOf, gridSide } from './openai-clip-sizes.js';

/** What a checkpoint under OpenAI's names says of itself. */
export interface OpenAiClipConfig {
  readonly imageSize: number;
  readonly projectionDim: number;
  readonly vision: ClipVision;
  readonly text?: ClipTextConfig;
}

/** An image tower of either kind. */
export type ClipVision =
  | { readonly kind: 'vit'; readonly config: ClipVisionConfig }
  | { readonly kind: 'resnet'; readonly config: ClipResNetConfig };

/**
 * The sizes come out of the tensors' shapes, as in OpenAI's own loader, so config.json may be `{}`; what it says under the
 * names of Hugging Face's may not contradict them. It alone can say heads that are not 64 wide, `hidden_act` and
 * `eos_token_id`, which is the largest id otherwise.
 * @throws DomainError `invalid_model`
 */
export function parseOpenAiClipConfig(
  json: unknown,
  weights: WeightSource,
  label = 'clip/config.json',
): OpenAiClipConfig {
  const root = new ConfigFields(label, json);
  const vision = parseVision(root.object('vision_config', {}), weights);
  const hasText = weights.find('token_embedding.weight') !== undefined;
  const text = hasText ? parseText(root.object('text_config', {}), weights) : undefined;
  const { imageSize } = vision.config;
  const projectionDim = vision.kind === 'resnet' ? vision.config.projectionDim : dimsOf(weights, 'visual.proj', 2)[1];
  agreedSize(root, 'projection_dim', projectionDim);
  return { imageSize, projectionDim, vision, ...(text && { text }) };
}

function parseVision(fields: ConfigFields, weights: WeightSource): ClipVision {
  if (weights.find('visual.layer1.0.conv1.weight')) {
    return { kind: 'resnet', config: parseClipResNetConfig(fields, weights) };
  }
  const [hiddenSize, , patchSize] = dimsOf(weights, 'visual.conv1.weight', 4);
  const [positions] = dimsOf(weights, 'visual.positional_embedding', 2);
  const config: ClipVisionConfig = {
    ...parseTower(fields, weights, 'visual.transformer', hiddenSize),
    imageSize: agreedSize(fields, 'image_size', gridSide(weights, positions - 1) * patchSize),
    patchSize: agreedSize(fields, 'patch_size', patchSize),
  };
  return { kind: 'vit', config };
}

function parseText(fields: ConfigFields, weights: WeightSource): ClipTextConfig {
  const [vocabSize, hiddenSize] = dimsOf(weights, 'token_embedding.weight', 2);
  const [contextLength] = dimsOf(weights, 'positional_embedding', 2);
  return {
    ...parseTower(fields, weights, 'transformer', hiddenSize),
    vocabSize: agreedSize(fields, 'vocab_size', vocabSize),
    contextLength: agreedSize(fields, 'max_position_embeddings', contextLength),
    eosTokenId: fields.number('eos_token_id', LARGEST_ID),
  };
}

function parseTower(fields: ConfigFields, weights: WeightSource, key: string, hiddenSize: number): ClipTowerConfig {
  const layers = new RegExp(`^${key.replaceAll('.', '\\.')}\\.resblocks\\.(\\d+)\\.`);
  const [intermediateSize] = dimsOf(weights, `${key}.resblocks.0.mlp.c_fc.weight`, 2);
  const numHeads = fields.size('num_attention_heads', Math.max(1, Math.floor(hiddenSize / HEAD_WIDTH)));
  if (hiddenSize % numHeads !== 0) {
    throw new DomainError('invalid_model', `${fields.label}: ${hiddenSize} is not divisible by ${numHeads} heads`);
  }
  return {
    hiddenSize: agreedSize(fields, 'hidden_size', hiddenSize),
    intermediateSize: agreedSize(fields, 'intermediate_size', intermediateSize),
    numLayers: agreedSize(fields, 'num_hidden_layers', countOf(weights, layers)),
    numHeads,
    activation: fields.oneOf<ClipActivation>('hidden_act', CLIP_ACTIVATIONS, 'quick_gelu'),
    layerNormEpsilon: fields.number('layer_norm_eps', 1e-5),
  };
}

const HEAD_WIDTH = 64;

/** What stands for it in configurations; see `pooledPosition`. */
const LARGEST_ID = 2;
