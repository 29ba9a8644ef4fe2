import { confidenceOf, type Suggestion } from '@housestyle/contracts';
import type { SuggestionView } from '@housestyle/database';
import { BASE_MAPPER_ID } from '@housestyle/domain';
import { previewUrl } from '../assets/present-asset.js';

/** A row as the API shows it; token ids stay inside. */
export function presentSuggestion(row: SuggestionView): Suggestion {
  const { id, assetId, version, hasPreview } = row.asset;
  return {
    id: row.id,
    asset: { id, assetId, version, previewUrl: previewUrl(id, hasPreview) },
    state: row.review?.decision ?? 'pending',
    caption: row.text,
    score: row.score,
    confidence: confidenceOf(row.score),
    hypotheses: row.hypotheses.map(({ text, score }) => ({ text, score, confidence: confidenceOf(score) })),
    baseModel: row.baseModel,
    mapper: {
      id: row.mapperId,
      name: row.mapperName ?? (row.mapperId === BASE_MAPPER_ID ? row.baseModel : row.mapperId),
    },
    generation: row.generationKey,
    createdAt: row.createdAt.toISOString(),
    review: presentReview(row.review),
  };
}

function presentReview(review: SuggestionView['review']): Suggestion['review'] {
  if (!review) return null;
  return {
    decision: review.decision,
    text: review.text ?? null,
    durationMs: review.durationMs ?? null,
    editor: review.editor ?? null,
    reviewedAt: review.reviewedAt.toISOString(),
  };
}
