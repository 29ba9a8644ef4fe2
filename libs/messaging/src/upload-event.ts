import { AssetUploadedSchema, EVENT_TYPES } from '@housestyle/contracts';
import { DomainError, tenantId, type Upload } from '@housestyle/domain';
import { parseCloudEvent } from './cloud-event.js';
import type { IncomingMessage } from './message.js';

/**
 * The upload that a message announces.
 * @throws DomainError `malformed_event`, `unsupported_event_type`, `invalid_tenant`
 */
export function parseUploadEvent(message: IncomingMessage): Upload {
  const event = parseCloudEvent(message);
  if (event.type !== EVENT_TYPES.assetUploaded) {
    throw new DomainError('unsupported_event_type', `expected ${EVENT_TYPES.assetUploaded}, got ${event.type}`);
  }
  const parsed = AssetUploadedSchema.safeParse(event.data);
  if (parsed.success) return withoutUndefined({ ...parsed.data, tenantId: tenantId(parsed.data.tenantId) });
  const { issues } = parsed.error;
  const code = issues.every((issue) => issue.path[0] === 'tenantId') ? 'invalid_tenant' : 'malformed_event';
  const reasons = issues.map((issue) => `${issue.path.join('.') || 'data'}: ${issue.message}`);
  throw new DomainError(code, reasons.join('; '));
}

const withoutUndefined = <T extends object>(value: T): T =>
  Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as T;
