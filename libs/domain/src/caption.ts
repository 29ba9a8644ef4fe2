export const DECODES = ['beam', 'greedy', 'nucleus', 'sample'] as const;
/**
 * How a caption is looked for. `beam` follows the official ClipCap `generate_beam` (or Hugging Face, see `Scoring`);
 * `nucleus` its `generate2`, which filters by top-p and then takes the likeliest token all the same, so that it is
 * `greedy` by another name; `sample` draws.
 */
export type Decode = (typeof DECODES)[number];

export const SCORINGS = ['clipcap', 'hf'] as const;
/**
 * How beams compete. `clipcap`: by mean log-probability per token at every step, until all have stopped; `hf`: as
 * Hugging Face's `generate` with its defaults, by summed log-probability, and by sum / length^lengthPenalty once ended.
 */
export type Scoring = (typeof SCORINGS)[number];

/** How a caption is searched for. */
export interface GenerationSettings {
  readonly decode: Decode;
  /** 1 for greedy. */
  readonly numBeams: number;
  readonly maxNewTokens: number;
  /** Token ids that end a caption; undefined = the mapper's own (see its `generation` block). */
  readonly stopTokenIds?: readonly number[];
  /** of beams; undefined: clipcap. */
  readonly scoring?: Scoring;
  /** of beams under `hf`; undefined: 1. */
  readonly lengthPenalty?: number;
  /** of draws; undefined: 1. */
  readonly temperature?: number;
  /** of draws: only this many of the likeliest tokens; 0 or undefined: all. */
  readonly topK?: number;
  /** of draws: only the likeliest tokens that together first exceed this share; undefined: 1, all. */
  readonly topP?: number;
  /** of draws: the same picture and seed draw the same captions; undefined: 0. */
  readonly seed?: number;
  /** Captions to give back, at most; undefined: every beam, or one draw. */
  readonly numReturnSequences?: number;
}

/** The official defaults: 5 beams, up to 67 tokens. */
export const DEFAULT_GENERATION: GenerationSettings = { decode: 'beam', numBeams: 5, maxNewTokens: 67 };

/** The canonical text of settings: equal settings, equal text; part of a suggestion's identity. */
export function generationKey(settings: GenerationSettings): string {
  const { decode, numBeams, maxNewTokens, stopTokenIds, ...more } = settings;
  const stop = stopTokenIds ? [...stopTokenIds].sort((a, b) => a - b).join(',') : 'mapper';
  const others = Object.entries(more).filter(([, value]) => value !== undefined);
  const named = others.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => `/${name}=${value}`);
  return `${decode}/${numBeams}/${maxNewTokens}/${stop}${named.join('')}`;
}

/** A finished caption: the text, its score, and every token including the stop. */
export interface Hypothesis {
  readonly text: string;
  /** mean log-probability per token, ≤ 0; under `hf` the sum / length^lengthPenalty. */
  readonly score: number;
  readonly tokens: readonly number[];
  /** false when the search ran into maxNewTokens. */
  readonly isStopped: boolean;
}

/** Which mapper to use: `undefined` in its place means the base model's own. */
export interface MapperReference {
  readonly id: string;
  /** lower-case hex sha256 of the artefact's manifest. */
  readonly sha256: string;
  /** directory key inside the configured artefact store. */
  readonly key: string;
}

/** The id a result carries when the base's own mapper made it. */
export const BASE_MAPPER_ID = 'base';
