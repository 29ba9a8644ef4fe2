import type { Tensor } from '@housestyle/graph';
import type { Gradients } from './gradients.js';
import type { Parameters } from './parameters.js';
import { updateInPlace } from './vector-kernels.js';

export interface AdamWSettings {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  /**
   * torch: decay first, epsilon beside the bias-corrected deviation (torch.optim.AdamW).
   * huggingface: epsilon before bias correction, decay last (transformers.AdamW, which trained ClipCap).
   */
  readonly form: 'torch' | 'huggingface';
}

export const ADAMW_DEFAULTS: AdamWSettings = {
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0.01,
  form: 'torch',
};

/** Decoupled weight decay and Adam (arXiv 1711.05101), in place on the parameters' arrays. */
export class AdamW {
  /** updates made so far. */
  private updates = 0;
  private readonly moments: ReadonlyMap<string, Moments>;

  constructor(
    private readonly parameters: Parameters,
    private readonly settings: AdamWSettings = ADAMW_DEFAULTS,
  ) {
    this.moments = new Map(
      [...parameters].map(([name, { data }]) => [
        name,
        { first: new Float32Array(data.length), second: new Float32Array(data.length) },
      ]),
    );
  }

  /** One update; `scale` multiplies every gradient on the way. */
  update(gradients: Gradients, learningRate: (name: string) => number, scale = 1): void {
    this.updates += 1;
    const { beta1, beta2, epsilon, weightDecay, form } = this.settings;
    const bias1 = 1 - beta1 ** this.updates;
    const deviationBias = Math.sqrt(1 - beta2 ** this.updates);
    for (const [name, { data }] of this.parameters) {
      const gradient = gradients.get(name) ?? [];
      if (gradient.reduce((length, part) => length + part.length, 0) !== data.length) {
        throw new Error(`no gradient of ${data.length} numbers for ${name}`);
      }
      const rate = learningRate(name);
      const kept = 1 - rate * weightDecay;
      const ofForm =
        form === 'torch'
          ? { stride: rate / bias1, inverse: 1 / deviationBias }
          : { stride: (kept * rate * deviationBias) / bias1, inverse: 1 };
      const { first, second } = this.moments.get(name)!;
      let begin = 0;
      for (const part of gradient) {
        const [p, m, v] = [data, first, second].map((all) => all.subarray(begin, begin + part.length)) as Arrays;
        updateInPlace(p, part, m, v, { scale, beta1, beta2, epsilon, kept, ...ofForm });
        begin += part.length;
      }
    }
  }

  /** The moments as tensors, `first.NAME` and `second.NAME`: with the updates made, all there is to remember. */
  state(): Map<string, Tensor<'float32'>> {
    return new Map(
      [...this.moments].flatMap(([name, { first, second }]) => {
        const { dims } = this.parameters.get(name)!;
        return [
          [`first.${name}`, { type: 'float32', dims, data: first }],
          [`second.${name}`, { type: 'float32', dims, data: second }],
        ] as const;
      }),
    );
  }

  restore(updates: number, state: ReadonlyMap<string, Tensor<'float32'>>): void {
    this.updates = updates;
    for (const [name, { first, second }] of this.moments) {
      first.set(state.get(`first.${name}`)!.data);
      second.set(state.get(`second.${name}`)!.data);
    }
  }
}

type Arrays = [p: Float32Array, m: Float32Array, v: Float32Array];

interface Moments {
  readonly first: Float32Array;
  readonly second: Float32Array;
}
