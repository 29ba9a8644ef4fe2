import type { Hypothesis, ReviewDecision } from '@housestyle/domain';
import type { AssetRowId } from './asset-row.js';
import type { Prisma } from './generated/client.js';

export interface ReviewView {
  readonly decision: ReviewDecision;
  /** the caption that stands; undefined when rejected */
  readonly text?: string;
  readonly durationMs?: number;
  readonly editor?: string;
  readonly revision: number;
  readonly reviewedAt: Date;
}

export interface SuggestionView {
  readonly id: string;
  readonly asset: {
    readonly id: AssetRowId;
    readonly assetId: string;
    readonly version: string;
    readonly hasPreview: boolean;
  };
  readonly text: string;
  readonly score: number;
  /** best first */
  readonly hypotheses: readonly Hypothesis[];
  readonly baseModel: string;
  readonly baseSha256: string;
  /** `base`, or a mapper version's id */
  readonly mapperId: string;
  /** undefined for the base's own */
  readonly mapperName?: string;
  readonly generationKey: string;
  readonly createdAt: Date;
  /** undefined: nobody has decided, or the decision was taken back */
  readonly review?: ReviewView;
}

/** What a `SuggestionView` is read from. */
export const SUGGESTION_PARTS = {
  asset: { select: { id: true, assetId: true, version: true, preview: { select: { assetRowId: true } } } },
  mapperVersion: { select: { name: true } },
  review: true,
} as const satisfies Prisma.SuggestionInclude;

export type SuggestionRow = Prisma.SuggestionGetPayload<{ include: typeof SUGGESTION_PARTS }>;

export function toSuggestionView(row: SuggestionRow): SuggestionView {
  const { id, assetId, version, preview } = row.asset;
  return {
    id: row.id,
    asset: { id, assetId, version, hasPreview: preview !== null },
    text: row.text,
    score: row.score,
    // written by CaptioningRepository, and by nobody else
    hypotheses: row.hypotheses as unknown as Hypothesis[],
    baseModel: row.baseModel,
    baseSha256: row.baseSha256,
    mapperId: row.mapperId,
    mapperName: row.mapperVersion?.name,
    generationKey: row.generationKey,
    createdAt: row.createdAt,
    review: toReviewView(row),
  };
}

function toReviewView({ review, text }: SuggestionRow): ReviewView | undefined {
  if (!review?.decision) return undefined;
  return {
    decision: review.decision,
    text: standingText(review.decision, text, review.text),
    durationMs: review.durationMs ?? undefined,
    editor: review.editor ?? undefined,
    revision: review.revision,
    reviewedAt: review.updatedAt,
  };
}

/** The caption after a decision: the suggested one, the editor's, or none. */
export function standingText(
  decision: ReviewDecision,
  suggested: string,
  corrected: string | null | undefined,
): string | undefined {
  switch (decision) {
    case 'accepted':
      return suggested;
    case 'corrected':
      return corrected ?? undefined;
    case 'rejected':
      return undefined;
  }
}
