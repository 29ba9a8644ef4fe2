/** How a caption is searched for. `beam` follows the official ClipCap `generate_beam`. */
export interface GenerationSettings {
  readonly decode: 'beam' | 'greedy';
  /** 1 for greedy. */
  readonly numBeams: number;
  readonly maxNewTokens: number;
  /** Token ids that end a caption; undefined = the mapper's own (see its `generation` block). */
  readonly stopTokenIds?: readonly number[];
}

/** The official defaults: 5 beams, up to 67 tokens. */
export const DEFAULT_GENERATION: GenerationSettings = { decode: 'beam', numBeams: 5, maxNewTokens: 67 };

/** The canonical text of settings: equal settings, equal text; part of a suggestion's identity. */
export function generationKey(settings: GenerationSettings): string {
  const stop = settings.stopTokenIds ? [...settings.stopTokenIds].sort((a, b) => a - b).join(',') : 'mapper';
  return `${settings.decode}/${settings.numBeams}/${settings.maxNewTokens}/${stop}`;
}

/** A finished beam: the text, its length-averaged log-probability, and every token including the stop. */
export interface Hypothesis {
  readonly text: string;
  /** mean log-probability per token, ≤ 0. */
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
