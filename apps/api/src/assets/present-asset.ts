import type { Asset } from '@housestyle/contracts';
import type { AssetRowId, AssetView } from '@housestyle/database';
import { ERROR_CODES, isErrorCode } from '@housestyle/domain';

export const previewUrl = (id: AssetRowId, hasPreview: boolean): string | null =>
  hasPreview ? `/v1/assets/${id}/preview` : null;

/** A row as the API shows it. Where our own store keeps an upload is nobody's business. */
export function presentAsset(row: AssetView, isUploaded: boolean): Asset {
  return {
    id: row.id,
    assetId: row.assetId,
    version: row.version,
    status: row.status,
    uri: isUploaded ? null : row.uri,
    contentType: row.contentType ?? null,
    sha256: row.sha256 ?? null,
    context: { ...row.context },
    width: row.width ?? null,
    height: row.height ?? null,
    previewUrl: previewUrl(row.id, row.hasPreview),
    attempts: row.attempts,
    error: presentError(row.error),
    receivedAt: row.receivedAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
  };
}

function presentError(error: AssetView['error']): Asset['error'] {
  if (!error) return null;
  const code = isErrorCode(error.code) ? error.code : 'internal';
  return { code, title: ERROR_CODES[code].title, message: error.message };
}
