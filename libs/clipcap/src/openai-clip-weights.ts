import { elementCount, float32, type WeightSource, type WeightTensor } from '@housestyle/graph';

/**
 * A CLIP under the names of OpenAI's own code (github.com/openai/CLIP, which open_clip keeps), offered under those of
 * Hugging Face's CLIPModel: both transformers' layers, and the projections, which OpenAI stores the other way round. The
 * image tower of a ResNet, which Hugging Face does not have, keeps its names, `visual.*`.
 */
export class OpenAiClipWeights implements WeightSource {
  private readonly parts = new Map<string, Part>();

  constructor(private readonly source: WeightSource) {
    const own = source.find('visual.class_embedding') ? { ...NAMES, ...PATCHES } : NAMES;
    for (const name of source.names()) {
      for (const part of partsOf(name, own)) this.parts.set(part.name, part);
    }
  }

  get label(): string {
    return this.source.label;
  }

  names(): readonly string[] {
    return [...this.parts.keys()];
  }

  find(name: string): WeightTensor | undefined {
    const part = this.parts.get(name);
    const whole = part && this.source.find(part.of);
    if (!whole || part.kind === 'whole') return whole;
    if (part.kind === 'transposed') {
      const data = this.read(name);
      return data && float32(data, [...whole.dims].reverse());
    }
    const [rows = 0, ...columns] = whole.dims;
    const dims = [rows / 3, ...columns];
    if ('file' in whole) {
      const length = whole.length / 3;
      return { ...whole, dims, offset: whole.offset + part.third * length, length };
    }
    const data = this.read(name);
    return data && float32(data, dims);
  }

  read(name: string): Float32Array | undefined {
    const part = this.parts.get(name);
    const whole = part && this.source.read(part.of);
    if (!whole || part.kind === 'whole') return whole;
    if (part.kind === 'transposed') return transposed(whole, this.source.find(part.of)!.dims);
    const length = whole.length / 3;
    return whole.slice(part.third * length, (part.third + 1) * length);
  }
}

/** Whether `source` holds a CLIP under OpenAI's names. */
export const isOpenAiClip = (source: WeightSource): boolean => source.find('visual.conv1.weight') !== undefined;

/** What a tensor `of` the file is called here. */
type Part = { readonly name: string; readonly of: string } & (
  { readonly kind: 'whole' } | { readonly kind: 'transposed' } | { readonly kind: 'third'; readonly third: number }
);

const PROJECTIONS: Readonly<Record<string, string>> = {
  text_projection: 'text_projection.weight',
  'visual.proj': 'visual_projection.weight',
};

const NAMES: Readonly<Record<string, string>> = {
  'token_embedding.weight': 'text_model.embeddings.token_embedding.weight',
  positional_embedding: 'text_model.embeddings.position_embedding.weight',
  'ln_final.weight': 'text_model.final_layer_norm.weight',
  'ln_final.bias': 'text_model.final_layer_norm.bias',
  'visual.class_embedding': 'vision_model.embeddings.class_embedding',
  'visual.positional_embedding': 'vision_model.embeddings.position_embedding.weight',
  'visual.ln_pre.weight': 'vision_model.pre_layrnorm.weight', // the checkpoints' own spelling
  'visual.ln_pre.bias': 'vision_model.pre_layrnorm.bias',
  'visual.ln_post.weight': 'vision_model.post_layernorm.weight',
  'visual.ln_post.bias': 'vision_model.post_layernorm.bias',
};

/** A ResNet has a tensor of this name too, which is another. */
const PATCHES = { 'visual.conv1.weight': 'vision_model.embeddings.patch_embedding.weight' };

const IN_LAYER: Readonly<Record<string, string>> = {
  ln_1: 'layer_norm1',
  ln_2: 'layer_norm2',
  'attn.out_proj': 'self_attn.out_proj',
  'mlp.c_fc': 'mlp.fc1',
  'mlp.c_proj': 'mlp.fc2',
};

const LAYER = /^(visual\.)?transformer\.resblocks\.(\d+)\.(.+)[._](weight|bias)$/;

function partsOf(of: string, names: Readonly<Record<string, string>>): Part[] {
  const projection = PROJECTIONS[of];
  if (projection) return [{ name: projection, of, kind: 'transposed' }];
  const [, visual, layer, within, kind] = LAYER.exec(of) ?? [];
  if (layer === undefined || within === undefined) return [{ name: names[of] ?? of, of, kind: 'whole' }];
  const prefix = `${visual ? 'vision_model' : 'text_model'}.encoder.layers.${layer}`;
  if (within !== 'attn.in_proj')
    return [{ name: `${prefix}.${IN_LAYER[within] ?? within}.${kind}`, of, kind: 'whole' }];
  return ['q', 'k', 'v'].map((letter, third) => {
    return { name: `${prefix}.self_attn.${letter}_proj.${kind}`, of, kind: 'third', third };
  });
}

/** [M, N] → [N, M] */
function transposed(values: Float32Array, dims: readonly number[]): Float32Array {
  const [M = 1, N = 1] = dims;
  const turned = new Float32Array(elementCount([M, N]));
  for (let m = 0; m < M; m++) for (let n = 0; n < N; n++) turned[n * M + m] = values[m * N + n]!;
  return turned;
}
