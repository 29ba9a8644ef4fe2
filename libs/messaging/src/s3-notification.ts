import { isStorable, S3NotificationSchema, S3TestEventSchema, type S3Record } from '@housestyle/contracts';
import { DomainError, formatS3Uri, type TenantId, type Upload } from '@housestyle/domain';
import type { IncomingMessage } from './message.js';

/** An object that came to be; whose it is, is not in the notification. */
export interface CreatedObject {
  readonly bucket: string;
  /** decoded */
  readonly key: string;
  readonly version: string;
  readonly versionId?: string;
  readonly contentType?: string;
}

/**
 * The objects that an S3 or MinIO notification announces. Removals, other events, S3's test message and the empty
 * objects that stand for folders are none.
 * @throws DomainError `malformed_event`
 */
export function parseS3Notification(message: IncomingMessage): readonly CreatedObject[] {
  const body = parseJson(message);
  if (S3TestEventSchema.safeParse(body).success) return [];
  const parsed = S3NotificationSchema.safeParse(body);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new DomainError('malformed_event', `not an S3 notification: ${issue?.path.join('.')} ${issue?.message}`);
  }
  return parsed.data.Records.filter(isCreation).map(toCreatedObject);
}

/** @throws DomainError `unmapped_bucket` when nobody owns the bucket and prefix */
export function toUpload(object: CreatedObject, owner: TenantId | undefined): Upload {
  const { bucket, key, version, versionId, contentType } = object;
  if (!owner) throw new DomainError('unmapped_bucket', `no tenant is mapped to ${bucket}/${key}`);
  return {
    tenantId: owner,
    assetId: key,
    version,
    uri: formatS3Uri({ bucket, key, ...(versionId !== undefined && { versionId }) }),
    ...(contentType !== undefined && { contentType }),
  };
}

const isCreation = ({ eventName, s3 }: S3Record): boolean =>
  eventName.replace(/^s3:/, '').startsWith('ObjectCreated:') && !(s3.object.key.endsWith('/') && !s3.object.size);

function toCreatedObject({ s3: { bucket, object } }: S3Record): CreatedObject {
  const key = decodeKey(object.key);
  // a bucket without versions says "null" or nothing; its sequencer rises with every write of the key
  const versionId = object.versionId && object.versionId !== 'null' ? object.versionId : undefined;
  const version = versionId ?? object.sequencer;
  if (!version) throw new DomainError('malformed_event', `${key} has neither a versionId nor a sequencer`);
  if (![key, version, object.contentType].every(isStorable)) {
    throw new DomainError('malformed_event', 'the object holds a NUL character or half a surrogate pair');
  }
  return {
    bucket: bucket.name,
    key,
    version,
    ...(versionId !== undefined && { versionId }),
    ...(object.contentType && { contentType: object.contentType }),
  };
}

function decodeKey(encoded: string): string {
  try {
    return decodeURIComponent(encoded.replaceAll('+', ' '));
  } catch (error) {
    throw new DomainError('malformed_event', `the key is not URL-encoded: ${encoded}`, { cause: error });
  }
}

function parseJson(message: IncomingMessage): unknown {
  try {
    return JSON.parse(message.value?.toString() ?? '');
  } catch (error) {
    throw new DomainError('malformed_event', 'the value is not JSON', { cause: error });
  }
}
