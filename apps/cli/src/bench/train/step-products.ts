import { gpt2Linears, mapperLinears } from '@housestyle/clipcap';
import type { TrainingModel } from '@housestyle/training';
import type { MatrixProduct } from '../measure/roofline.js';

/** What a step is made on. */
export interface StepBatch {
  /** captions */
  readonly batchSize: number;
  /** tokens of each. */
  readonly captionLength: number;
}

/**
 * A training step's products with weights, of prefix and captions of one length: forward, gradients of what goes into a
 * layer, and of its weights where they are trained. The mapper is; nobody asks for the gradient of image embeddings.
 * Attention's own, under one in a hundred at GPT-2's size, are left out.
 */
export function stepProducts(model: TrainingModel, batch: StepBatch, isGpt2Tuned: boolean): MatrixProduct[] {
  return [...ofMapper(model, batch), ...ofDecoder(model, batch, isGpt2Tuned)].flatMap(withGradients);
}

/** After the last layer's attention only the K positions go on that are looked at. */
function ofMapper({ mapper: { config, weights } }: TrainingModel, { batchSize: B }: StepBatch): TrainedProduct[] {
  const { prefixLength: K, clipLength, numLayers } = config;
  const rowsOf = (key: string) => {
    const layer = Number(/\.layers\.(\d+)\./.exec(key)?.[1] ?? -1);
    if (layer < 0) return B;
    return layer === numLayers - 1 && !/\.to_\w+$/.test(key) ? B * K : B * (clipLength + K);
  };
  return [...mapperLinears(weights)].map(([key, [input, output]]) => {
    const isFirst = key === 'clip_project.linear' || key === 'clip_project.model.0';
    return { rows: rowsOf(key), input, output, isTrained: true, hasInputGradient: !isFirst };
  });
}

/** After the last layer's attention only the rows go on that predict a token. */
function ofDecoder(
  { gpt2: { config }, mapper }: TrainingModel,
  { batchSize: B, captionLength }: StepBatch,
  isTrained: boolean,
): TrainedProduct[] {
  const [all, predicting] = [B * (mapper.config.prefixLength + captionLength - 1), B * captionLength];
  const last = `.h.${config.numLayers - 1}.`;
  const layers = [...gpt2Linears(config)].map(([key, [input, output]]) => {
    const rows = key.includes(last) && !key.endsWith('c_attn') ? predicting : all;
    return { rows, input, output, isTrained, hasInputGradient: true };
  });
  const head = { rows: predicting, input: config.width, output: config.vocabSize };
  return [...layers, { ...head, isTrained, hasInputGradient: true }];
}

interface TrainedProduct extends MatrixProduct {
  readonly isTrained: boolean;
  readonly hasInputGradient: boolean;
}

function withGradients({ rows, input, output, isTrained, hasInputGradient }: TrainedProduct): MatrixProduct[] {
  const products = [{ rows, input, output }];
  if (hasInputGradient) products.push({ rows, input: output, output: input });
  if (isTrained) products.push({ rows: input, input: rows, output });
  return products;
}
