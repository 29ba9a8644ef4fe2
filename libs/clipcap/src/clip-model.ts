import { DomainError } from '@housestyle/domain';
import type { GraphModel, WeightSource } from '@housestyle/graph';
import { parseClipConfig, parseClipPreprocessing, type ClipPreprocessing, type ClipTextConfig } from './clip-config.js';
import { buildClipResNet } from './clip-resnet.js';
import { buildClipVision, type ImageTowerVariant } from './clip-vit.js';
import type { ClipFiles } from './model-files.js';
import type { PrecisionOptions } from './quantisation/precision.js';
import { parseOpenAiClipConfig, type ClipVision } from './openai-clip-config.js';
import { isOpenAiClip, OpenAiClipWeights } from './openai-clip-weights.js';

/** A CLIP of any kind and layout, its sizes known and checked: what its towers are built from. */
export interface ClipModel {
  /** n: pictures are n × n. */
  readonly imageSize: number;
  /** P: width of both towers' embeddings. */
  readonly projectionDim: number;
  /** how pictures come to that size. */
  readonly preprocessing: ClipPreprocessing;
  readonly vision: ClipVision;
  /** absent where a checkpoint has no text tower. */
  readonly text?: ClipTextConfig;
  /** transformers under Hugging Face's names, a ResNet under OpenAI's. */
  readonly weights: WeightSource;
}

/**
 * Knows a checkpoint by its tensors' names: Hugging Face's CLIPModel goes by its config.json; under OpenAI's names the
 * shapes decide, wherever the tensors come from.
 * @throws DomainError `invalid_model`
 */
export function openClip({ config, preprocessor, weights }: Omit<ClipFiles, 'tokenizer'>): ClipModel {
  if (isOpenAiClip(weights)) {
    const sizes = parseOpenAiClipConfig(config, weights);
    const preprocessing = parseClipPreprocessing(preprocessor, sizes.imageSize);
    return { ...sizes, preprocessing, weights: new OpenAiClipWeights(weights) };
  }
  if (!weights.find('vision_model.embeddings.class_embedding')) {
    const expected = "vision_model.* as in Hugging Face's, visual.* as in OpenAI's";
    throw new DomainError('invalid_model', `${weights.label}: no CLIP among its tensors (${expected})`);
  }
  const { projectionDim, vision, text } = parseClipConfig(config);
  const { imageSize } = vision;
  const preprocessing = parseClipPreprocessing(preprocessor, imageSize);
  const hasText = weights.find('text_model.embeddings.token_embedding.weight') !== undefined;
  return {
    imageSize,
    projectionDim,
    preprocessing,
    vision: { kind: 'vit', config: vision },
    ...(hasText && { text }),
    weights,
  };
}

/** Whether texts can be embedded beside the pictures. @throws DomainError `invalid_model` */
export const hasTextTower = (files: Omit<ClipFiles, 'tokenizer'>): boolean => openClip(files).text !== undefined;

/**
 * The image tower: `pixels` uint8 RGB [B, n, n, 3] → `image_embeds` [B, P], not normalised. A ResNet is computed in fp32
 * whatever the precision, and not watched: it is made of convolutions.
 * @throws DomainError `invalid_model` when the weights contradict the configuration.
 */
export function buildImageTower(
  { vision, projectionDim, preprocessing, weights }: ClipModel,
  options: Pick<ImageTowerVariant, 'isWatched'> & PrecisionOptions = {},
): GraphModel {
  switch (vision.kind) {
    case 'vit':
      return buildClipVision({ projectionDim, vision: vision.config }, preprocessing, weights, options);
    case 'resnet':
      return buildClipResNet(vision.config, preprocessing, weights, options);
  }
}
