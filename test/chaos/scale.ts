/** How much chaos: `npm test` has a short run of one seed, `npm run chaos -- --full [--seed N]` the long one. */
export interface Scale {
  readonly isFull: boolean;
  readonly seeds: readonly number[];
}

const SEEDS = [20_261_121];

export function scale(environment: Readonly<Record<string, string | undefined>> = process.env): Scale {
  const seed = environment['HOUSESTYLE_CHAOS_SEED'];
  return {
    isFull: environment['HOUSESTYLE_CHAOS'] === 'full',
    seeds: seed === undefined ? SEEDS : [Number(seed)],
  };
}
