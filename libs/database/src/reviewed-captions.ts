import { createHash } from 'node:crypto';
import { pictureSignature, type ReviewedCaption, type TenantId } from '@housestyle/domain';
import type { Transaction } from './database.js';
import { toEmbedding } from './embedding-values.js';

/** A caption that people let stand or wrote, with the embedding of its picture. */
export interface LearnableCaption extends ReviewedCaption {
  readonly suggestionId: string;
  /** CLIP's projected feature, not normalised */
  readonly embedding: Float32Array;
  readonly isCorrected: boolean;
}

/** The newest reviews that a run looks at: a style is what its editors write now. */
export const MAX_CAPTIONS = 4000;

/** Accepted and corrected captions of pictures embedded by the base of `baseSha256`, oldest review first. */
export async function reviewedCaptions(
  rows: Transaction,
  tenant: TenantId,
  baseSha256: string,
): Promise<LearnableCaption[]> {
  const found = await rows.$queryRaw<
    {
      id: string;
      text: string;
      is_corrected: boolean;
      editor: string | null;
      person: string | null;
      reviewed_at: Date;
      values: Uint8Array;
    }[]
  >`
    SELECT s.id, coalesce(r.text, s.text) AS text, r.decision = 'corrected' AS is_corrected, r.editor,
      k.name AS person, r.updated_at AS reviewed_at, e.values
    FROM review r
    -- a key's successor has its name: rotating makes nobody a second person
    LEFT JOIN api_key k ON k.tenant_id = r.tenant_id AND k.prefix = r.editor
    JOIN suggestion s ON s.tenant_id = r.tenant_id AND s.id = r.suggestion_id
    JOIN embedding e ON e.tenant_id = s.tenant_id AND e.asset_row_id = s.asset_row_id AND e.base_sha256 = ${baseSha256}
    WHERE r.tenant_id = ${tenant}::uuid AND r.decision IN ('accepted', 'corrected') AND s.erased_at IS NULL
    ORDER BY r.updated_at DESC, s.id LIMIT ${MAX_CAPTIONS}::int`;
  return found
    .reverse()
    .map(({ id, text, is_corrected: isCorrected, editor, person, reviewed_at: reviewedAt, values }) => {
      const embedding = toEmbedding(values);
      return {
        suggestionId: id,
        imageKey: imageKeyOf(embedding),
        embedding,
        text,
        isCorrected,
        ...(editor !== null && { editor }),
        ...(person !== null && { person }),
        reviewedAt,
      };
    });
}

/** The picture's name wherever learning speaks of it: equal for the same picture, however often it was uploaded. */
export const imageKeyOf = (embedding: Float32Array): string =>
  createHash('sha256')
    .update(new Uint8Array(pictureSignature(embedding).buffer))
    .digest('hex');
