import type { WeightSource } from '@housestyle/graph';

/**
 * What a model needs from its files, already read: the core says it, `checkpoints` produces it. Configurations are
 * parsed JSON of unknown shape; each model parses and checks its own.
 */
export interface BaseModelFiles {
  readonly name: string;
  readonly version: string;
  /** lower-case hex; identifies the base in mapper manifests. */
  readonly sha256: string;
  readonly clip: ClipFiles;
  readonly gpt2: Gpt2Files;
  /** the base's own mapper. */
  readonly mapper: MapperFiles;
  /** what goes into its layers, as measured: see `PrecisionOptions`. */
  readonly calibration?: WeightSource;
  /** `generation` of housestyle.json, if any. */
  readonly generation?: unknown;
}

export interface ClipFiles {
  /** config.json: HF CLIPModel. */
  readonly config: unknown;
  /** preprocessor_config.json: HF CLIPImageProcessor. */
  readonly preprocessor: unknown;
  readonly weights: WeightSource;
  readonly tokenizer: BpeFiles;
}

export interface Gpt2Files {
  /** config.json: HF GPT2LMHeadModel. */
  readonly config: unknown;
  /** names always begin with `transformer.`, however the file spells them; buffers are left out. */
  readonly weights: WeightSource;
  readonly tokenizer: BpeFiles;
}

export interface MapperFiles {
  /** config.json of the mapper, its `generation` block included. */
  readonly config: unknown;
  /** `clip_project.*`. */
  readonly weights: WeightSource;
}

/**
 * What a tenant may own in a mapper's place: a network of its own, or a change of the base's own one; and, with either,
 * a change of the decoder. At least one of the three is there.
 */
export interface MapperVersionFiles {
  /** config.json; of a delta: what it says of the network repeats what the base's says. */
  readonly config: unknown;
  /** `clip_project.*`; absent: the network is the base's own. */
  readonly weights?: WeightSource;
  /** `<linear layer>.A` [in, r] and `.B` [r, out] of the base's own mapper. */
  readonly mapperDelta?: WeightSource;
  /**
   * The same of the decoder's `transformer.h.N.attn.c_attn`, `attn.c_proj`, `mlp.c_fc` and `mlp.c_proj`, and of its word
   * table: `transformer.wte.A` [V, r] and `.B` [r, C], the table being wte + A·B wherever it is used.
   */
  readonly decoderDelta?: WeightSource;
}

export interface BpeFiles {
  /** vocab.json: token → id. */
  readonly vocab: Readonly<Record<string, number>>;
  /** merges.txt, as it stands in the file. */
  readonly merges: string;
}
