import { gpt2Linears, type Gpt2Config } from '@housestyle/clipcap';
import { operationsOf, type MatrixProduct } from '../measure/roofline.js';
import type { DecodeCase } from './decode-cases.js';

/** Every linear layer of the decoder and its head, of one row. */
export function decodeProducts(config: Gpt2Config): MatrixProduct[] {
  return [...gpt2Linears(config).values(), [config.width, config.vocabSize] as const].map(([input, output]) => ({
    rows: 1,
    input,
    output,
  }));
}

/**
 * Operations of the decoder's matrix products with weights: one pass over K positions of each image, then one over the
 * beams for each further token. Attention's own products, a few in a hundred, are left out.
 */
export function decodeOperations(
  config: Gpt2Config,
  { batch, numBeams, tokens }: Pick<DecodeCase, 'batch' | 'numBeams' | 'tokens'>,
  prefixLength: number,
): number {
  const { width: C, vocabSize: V, numLayers } = config;
  // after the last layer's attention only the rows go on whose next token is asked for
  const isTail = (name: string) => name.includes(`.h.${numLayers - 1}.`) && !name.endsWith('c_attn');
  const tail = [...gpt2Linears(config)]
    .filter(([name]) => isTail(name))
    .reduce((sum, [, [input, output]]) => sum + 2 * input * output, 0);
  const row = operationsOf(decodeProducts(config));
  const head = 2 * C * V;
  const first = batch * (prefixLength * (row - head - tail) + tail + head);
  return first + (tokens - 1) * batch * numBeams * row;
}
