import type { GraphRunOptions, WeightSource } from '@housestyle/graph';

/**
 * What the linear layers of CLIP, mappers and GPT-2 are computed in. fp32 is the reference. fp16 keeps their weights and
 * the word table in half precision and multiplies in it, for GPUs: half the memory, and the products that their matrix
 * units are built for; a CPU gains nothing. int8 rounds weights to 8 bits
 * once, per output channel, and what goes into a layer row by row as it comes, so that a picture's caption does not depend
 * on the pictures beside it; the likeliest words are scored once more in fp32. int8-static takes the scale of what comes
 * out of a norm from a calibration made before, one for all rows: a little quicker, a little rougher.
 */
export const PRECISIONS = ['fp32', 'fp16', 'int8', 'int8-static'] as const;
export type Precision = (typeof PRECISIONS)[number];

export interface PrecisionOptions {
  /** fp32 when absent. */
  readonly precision?: Precision | undefined;
  /** the reach [in] of what goes into each layer, by the layer's name; int8-static needs it, int8 is nearer fp32 with it. */
  readonly calibration?: WeightSource | undefined;
  /** see `areSignedProductsExact`: found out where it is absent. */
  readonly hasSignedProducts?: boolean | undefined;
  /**
   * whether graphs are made of the operators that CUDA and WebGPU both have, larger and fewer where a CPU is quicker with
   * several: what is computed is the same but for the order of sums.
   */
  readonly isForGpu?: boolean | undefined;
}

/** How a part of the model is loaded and run. */
export type ModelOptions = GraphRunOptions & PrecisionOptions;
