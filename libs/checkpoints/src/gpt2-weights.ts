import type { FileTensor, WeightSource, WeightTensor } from '@housestyle/graph';

/**
 * GPT-2's weights under one spelling: GPT2Model leaves out `transformer.`, GPT2LMHeadModel writes it. The attention's
 * mask buffers, which older checkpoints carry, are not weights.
 */
export class Gpt2Weights implements WeightSource {
  private readonly spelling = new Map<string, string>();

  constructor(private readonly source: WeightSource) {
    for (const name of source.names()) {
      if (!BUFFER.test(name)) this.spelling.set(canonical(name), name);
    }
  }

  get label(): string {
    return this.source.label;
  }

  names(): readonly string[] {
    return [...this.spelling.keys()];
  }

  find(name: string): WeightTensor | undefined {
    const own = this.spelling.get(name);
    return own === undefined ? undefined : this.source.find(own);
  }

  read(name: string): Float32Array | undefined {
    const own = this.spelling.get(name);
    return own === undefined ? undefined : this.source.read(own);
  }

  findHalf(name: string): FileTensor<'float16'> | undefined {
    const own = this.spelling.get(name);
    return own === undefined ? undefined : this.source.findHalf?.(own);
  }
}

const BUFFER = /(^|\.)(attn\.bias|attn\.masked_bias|position_ids)$/;

const canonical = (name: string): string => (/^(transformer|lm_head)\./.test(name) ? name : `transformer.${name}`);
