import type { Precision } from '@housestyle/clipcap';

/** One way to decode: what a curve is drawn over. */
export interface DecodeCase {
  /** images that are captioned together. */
  readonly batch: number;
  readonly numBeams: number;
  /** of every caption: the stop token is ignored. */
  readonly tokens: number;
  /** whose deltas of the decoder the images have, each one's tenant drawn anew in every run; 0: no deltas. */
  readonly tenants: number;
  readonly precision: Precision;
}

export type CaseLists = { readonly [K in keyof DecodeCase]: readonly DecodeCase[K][] };

/** Every combination; the last key varies quickest. */
export function casesOf({ batch, numBeams, tokens, tenants, precision }: CaseLists): DecodeCase[] {
  return precision.flatMap((ofPrecision) =>
    tenants.flatMap((ofTenants) =>
      tokens.flatMap((ofTokens) =>
        numBeams.flatMap((ofBeams) =>
          batch.map((ofBatch) => ({
            batch: ofBatch,
            numBeams: ofBeams,
            tokens: ofTokens,
            tenants: ofTenants,
            precision: ofPrecision,
          })),
        ),
      ),
    ),
  );
}

/** "batch 16, beams 5, 20 tokens" */
export function describeCase({ batch, numBeams, tokens, tenants, precision }: DecodeCase): string {
  const ofTenants = tenants > 0 ? `, ${tenants} tenants` : '';
  return `batch ${batch}, beams ${numBeams}, ${tokens} tokens${ofTenants}, ${precision}`;
}
