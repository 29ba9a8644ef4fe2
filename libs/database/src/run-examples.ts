import { divideCaptions, HOLD_OUT_SHARE, MIN_HOLD_OUT, PictureNames, type TenantId } from '@housestyle/domain';
import type { Transaction } from './database.js';
import { toEmbedding } from './embedding-values.js';
import { MAX_CAPTIONS, reviewedCaptions, type LearnableCaption } from './reviewed-captions.js';

/** The newest of those held out, as many as go with the captions a run looks at. */
const MAX_HOLD_OUT = MAX_CAPTIONS * HOLD_OUT_SHARE;

export interface RunExamples {
  readonly training: readonly LearnableCaption[];
  readonly holdOut: readonly LearnableCaption[];
}

/**
 * Takes a run's examples, once: extends the hold-out by new pictures, notes what is trained on. Never in both: a
 * picture that is held out stays so, and one that was trained on never becomes so; copies of it are the same picture,
 * and it is the same when another base has embedded it. What is left out for one editor's sake is neither.
 * @param maxEditorShare see `divideCaptions`
 */
export async function takeExamples(
  rows: Transaction,
  tenant: TenantId,
  runId: string,
  baseSha256: string,
  maxEditorShare: number | undefined,
): Promise<void> {
  const names = new PictureNames();
  const heldOut = takenBefore(
    names,
    await rows.$queryRaw<PictureRow[]>`
      SELECT x.image_key, e.values FROM hold_out x
      JOIN suggestion s ON s.tenant_id = x.tenant_id AND s.id = x.suggestion_id
      LEFT JOIN embedding e
        ON e.tenant_id = s.tenant_id AND e.asset_row_id = s.asset_row_id AND e.base_sha256 = ${baseSha256}
      WHERE x.tenant_id = ${tenant}::uuid ORDER BY x.held_out_at, x.image_key`,
  );
  const trained = takenBefore(
    names,
    await rows.$queryRaw<PictureRow[]>`
      SELECT DISTINCT ON (x.image_key) x.image_key, e.values FROM training_example x
      JOIN suggestion s ON s.tenant_id = x.tenant_id AND s.id = x.suggestion_id
      LEFT JOIN embedding e
        ON e.tenant_id = s.tenant_id AND e.asset_row_id = s.asset_row_id AND e.base_sha256 = ${baseSha256}
      WHERE x.tenant_id = ${tenant}::uuid ORDER BY x.image_key, e.values IS NULL, x.suggestion_id`,
  );
  const captions = (await reviewedCaptions(rows, tenant, baseSha256)).map((caption) => ({
    ...caption,
    imageKey: names.nameOf(caption.imageKey, caption.embedding),
  }));
  const { holdOut, training } = divideCaptions(captions, heldOut, trained, maxEditorShare);
  await rows.holdOut.createMany({ data: holdOut.map((caption) => toRow(tenant, caption)) });
  await rows.trainingExample.createMany({
    data: training.map((caption) => ({ ...toRow(tenant, caption), trainingRunId: runId })),
  });
}

/**
 * What `takeExamples` took, in the same order whoever asks; without what has been erased since. Of a hold-out that has
 * grown for years the newest judge, and the others stay unlearned; so does one of which erasure has left too little,
 * and which judges nobody: it is empty.
 */
export async function loadExamples(
  rows: Transaction,
  tenant: TenantId,
  runId: string,
  baseSha256: string,
): Promise<RunExamples> {
  const training = await rows.$queryRaw<ExampleRow[]>`
    SELECT x.suggestion_id, x.image_key, x.text, x.is_corrected, x.editor, x.reviewed_at, e.values
    FROM training_example x
    JOIN suggestion s ON s.tenant_id = x.tenant_id AND s.id = x.suggestion_id
    JOIN embedding e ON e.tenant_id = s.tenant_id AND e.asset_row_id = s.asset_row_id AND e.base_sha256 = ${baseSha256}
    WHERE x.tenant_id = ${tenant}::uuid AND x.training_run_id = ${runId}::uuid AND x.text IS NOT NULL
    ORDER BY x.reviewed_at, x.suggestion_id`;
  const holdOut = await rows.$queryRaw<ExampleRow[]>`
    SELECT x.suggestion_id, x.image_key, x.text, x.is_corrected, x.editor, x.reviewed_at, e.values
    FROM hold_out x
    JOIN suggestion s ON s.tenant_id = x.tenant_id AND s.id = x.suggestion_id
    JOIN embedding e ON e.tenant_id = s.tenant_id AND e.asset_row_id = s.asset_row_id AND e.base_sha256 = ${baseSha256}
    WHERE x.tenant_id = ${tenant}::uuid AND x.text IS NOT NULL
    ORDER BY x.reviewed_at DESC, x.suggestion_id DESC LIMIT ${MAX_HOLD_OUT}::int`;
  return {
    training: training.map(toCaption),
    holdOut: holdOut.length < MIN_HOLD_OUT ? [] : holdOut.reverse().map(toCaption),
  };
}

interface ExampleRow {
  readonly suggestion_id: string;
  readonly image_key: string;
  readonly text: string;
  readonly is_corrected: boolean;
  readonly editor: string | null;
  readonly reviewed_at: Date;
  readonly values: Uint8Array;
}

const toCaption = (row: ExampleRow): LearnableCaption => ({
  suggestionId: row.suggestion_id,
  imageKey: row.image_key,
  embedding: toEmbedding(row.values),
  text: row.text,
  isCorrected: row.is_corrected,
  ...(row.editor !== null && { editor: row.editor }),
  reviewedAt: row.reviewed_at,
});

const toRow = (tenant: TenantId, caption: LearnableCaption) => ({
  tenantId: tenant,
  suggestionId: caption.suggestionId,
  imageKey: caption.imageKey,
  text: caption.text,
  isCorrected: caption.isCorrected,
  editor: caption.editor ?? null,
  reviewedAt: caption.reviewedAt,
});

interface PictureRow {
  readonly image_key: string;
  /** null: this base has not seen it */
  readonly values: Uint8Array | null;
}

/** The names of pictures that were taken before; `names` tells their copies from then on. */
function takenBefore(names: PictureNames, rows: readonly PictureRow[]): Set<string> {
  for (const { image_key: name, values } of rows) if (values) names.know(name, toEmbedding(values));
  return new Set(rows.map(({ image_key: name }) => name));
}
