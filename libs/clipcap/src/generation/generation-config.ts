import { DECODES, DEFAULT_GENERATION, DomainError, SCORINGS, type GenerationSettings } from '@housestyle/domain';
import { ConfigFields } from '../config-fields.js';

/** What a caller leaves open, a mapper's `generation` block says; what that leaves open, the base's. */
export type GenerationDefaults = Partial<GenerationSettings>;

/** What a search needs to know: nothing left open. */
export type CompleteGeneration = Required<GenerationSettings>;

export const MAX_BEAMS = 10;

/**
 * A `generation` block: `num_beams`, `max_new_tokens`, `stop` (token ids), `decode`, `scoring`, `length_penalty`,
 * `temperature`, `top_k`, `top_p`, `seed`, `num_return_sequences`, each optional.
 * @throws DomainError `invalid_model`
 */
export function parseGenerationDefaults(block: unknown, label: string): GenerationDefaults {
  const fields = new ConfigFields(label, block ?? {});
  const given = <K extends keyof GenerationSettings, V extends GenerationSettings[K]>(
    key: K,
    name: string,
    read: (name: string) => V,
  ) => (fields.has(name) ? { [key]: read(name) } : {});
  const number = (name: string) => fields.number(name);
  return {
    ...given('decode', 'decode', (name) => fields.oneOf(name, DECODES)),
    ...given('numBeams', 'num_beams', (name) => fields.size(name)),
    ...given('maxNewTokens', 'max_new_tokens', (name) => fields.size(name)),
    ...given('stopTokenIds', 'stop', (name) => fields.numbers(name)),
    ...given('scoring', 'scoring', (name) => fields.oneOf(name, SCORINGS)),
    ...given('lengthPenalty', 'length_penalty', number),
    ...given('temperature', 'temperature', number),
    ...given('topK', 'top_k', number),
    ...given('topP', 'top_p', number),
    ...given('seed', 'seed', number),
    ...given('numReturnSequences', 'num_return_sequences', (name) => fields.size(name)),
  };
}

/**
 * The first of `layers` that says something decides; at last the official defaults, and `officialStop`. When nobody says
 * how many candidates, a beam search gives all its beams.
 * @throws DomainError `invalid_request` for numbers no search can work with.
 */
export function completeGeneration(layers: readonly GenerationDefaults[], officialStop: number): CompleteGeneration {
  const said = Object.assign({}, ...[...layers].reverse().map(withoutGaps)) as GenerationDefaults;
  const { decode, numBeams } = { ...DEFAULT_GENERATION, ...said };
  const numReturnSequences = decode === 'beam' ? numBeams : 1;
  const generation = { ...OFFICIAL, numReturnSequences, stopTokenIds: [officialStop], ...said };
  checkGeneration(generation);
  return generation;
}

function checkGeneration(generation: CompleteGeneration): void {
  const { decode, scoring, numBeams, maxNewTokens, stopTokenIds, numReturnSequences } = generation;
  const { temperature, topK, topP, seed, lengthPenalty } = generation;
  check(DECODES.includes(decode), `decode ${decode} is unknown`);
  check(SCORINGS.includes(scoring), `scoring ${scoring} is unknown`);
  check(isCount(numBeams, MAX_BEAMS), `numBeams ${numBeams} is not between 1 and ${MAX_BEAMS}`);
  check(isCount(maxNewTokens), `maxNewTokens ${maxNewTokens} is not a positive integer`);
  check(
    stopTokenIds.every((id) => Number.isInteger(id) && id >= 0),
    `stopTokenIds ${stopTokenIds.join()} are not token ids`,
  );
  check(Math.abs(lengthPenalty) <= 10, `lengthPenalty ${lengthPenalty} is not between -10 and 10`);
  check(temperature >= MIN_TEMPERATURE && temperature <= 100, `temperature ${temperature} is not between 0.01 and 100`);
  check(topK === 0 || isCount(topK), `topK ${topK} is not a whole number`);
  check(topP > 0 && topP <= 1, `topP ${topP} is not above 0 and at most 1`);
  check(seed === 0 || isCount(seed, MAX_SEED), `seed ${seed} is not a whole number below 2³²`);
  const most = { beam: numBeams, greedy: 1, nucleus: 1, sample: MAX_BEAMS }[decode];
  check(
    isCount(numReturnSequences, most),
    `numReturnSequences ${numReturnSequences} is not between 1 and ${most}, the most that ${decode} finds`,
  );
}

/** What the official code does, and what it knows nothing of switched off. */
const OFFICIAL = {
  ...DEFAULT_GENERATION,
  scoring: 'clipcap',
  lengthPenalty: 1,
  temperature: 1,
  topK: 0,
  topP: 1,
  seed: 0,
} as const;

const MAX_SEED = 2 ** 32 - 1;
/** Colder draws are the likeliest token, up to ties. */
const MIN_TEMPERATURE = 0.01;

const withoutGaps = (layer: GenerationDefaults): GenerationDefaults =>
  Object.fromEntries(Object.entries(layer).filter(([, value]) => value !== undefined));

const isCount = (value: number, atMost = Number.MAX_SAFE_INTEGER): boolean =>
  Number.isInteger(value) && value >= 1 && value <= atMost;

function check(isRight: boolean, complaint: string): void {
  if (!isRight) throw new DomainError('invalid_request', `generation: ${complaint}`);
}
