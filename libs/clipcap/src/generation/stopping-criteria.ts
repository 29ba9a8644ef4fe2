/** When one image's caption ends. */
export interface StoppingCriteria {
  /** a token that ends the caption it is part of. */
  readonly stopTokenIds: ReadonlySet<number>;
  readonly maxNewTokens: number;
}

/** A caption is never longer than the positions its prefix leaves. */
export function stoppingCriteria(
  { stopTokenIds, maxNewTokens }: { readonly stopTokenIds: readonly number[]; readonly maxNewTokens: number },
  { numPositions, prefixLength }: { readonly numPositions: number; readonly prefixLength: number },
): StoppingCriteria {
  return { stopTokenIds: new Set(stopTokenIds), maxNewTokens: Math.min(maxNewTokens, numPositions - prefixLength) };
}
