import { DEFAULT_GENERATION, DomainError, type GenerationSettings } from '@housestyle/domain';
import { ConfigFields } from '../config-fields.js';

/** What a caller leaves open, a mapper's `generation` block says; what that leaves open, the base's. */
export type GenerationDefaults = Partial<GenerationSettings>;

/** What a search needs to know: nothing left open. */
export type CompleteGeneration = Required<GenerationSettings>;

export const MAX_BEAMS = 10;

/**
 * A `generation` block: `num_beams`, `max_new_tokens`, `stop` (token ids), each optional.
 * @throws DomainError `invalid_model`
 */
export function parseGenerationDefaults(block: unknown, label: string): GenerationDefaults {
  const fields = new ConfigFields(label, block ?? {});
  return {
    ...(fields.has('num_beams') ? { numBeams: fields.size('num_beams') } : {}),
    ...(fields.has('max_new_tokens') ? { maxNewTokens: fields.size('max_new_tokens') } : {}),
    ...(fields.has('stop') ? { stopTokenIds: fields.numbers('stop') } : {}),
  };
}

/**
 * The first of `layers` that says something decides; at last the official defaults, and `officialStop`.
 * @throws DomainError `invalid_request` for numbers no search can work with.
 */
export function completeGeneration(layers: readonly GenerationDefaults[], officialStop: number): CompleteGeneration {
  const official = { ...DEFAULT_GENERATION, stopTokenIds: [officialStop] };
  const first = <K extends keyof CompleteGeneration>(key: K): CompleteGeneration[K] =>
    (layers.find((layer) => layer[key] !== undefined)?.[key] ?? official[key]) as CompleteGeneration[K];
  const generation: CompleteGeneration = {
    decode: first('decode'),
    numBeams: first('numBeams'),
    maxNewTokens: first('maxNewTokens'),
    stopTokenIds: first('stopTokenIds'),
  };
  check(generation.decode === 'beam' || generation.decode === 'greedy', `decode ${generation.decode} is unknown`);
  check(isCount(generation.numBeams, MAX_BEAMS), `numBeams ${generation.numBeams} is not between 1 and ${MAX_BEAMS}`);
  check(isCount(generation.maxNewTokens), `maxNewTokens ${generation.maxNewTokens} is not a positive integer`);
  check(
    generation.stopTokenIds.every((id) => Number.isInteger(id) && id >= 0),
    `stopTokenIds ${generation.stopTokenIds.join()} are not token ids`,
  );
  return generation;
}

const isCount = (value: number, atMost = Number.MAX_SAFE_INTEGER): boolean =>
  Number.isInteger(value) && value >= 1 && value <= atMost;

function check(isRight: boolean, complaint: string): void {
  if (!isRight) throw new DomainError('invalid_request', `generation: ${complaint}`);
}
