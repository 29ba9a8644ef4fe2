import { isStorable, S3RecordSchema, S3RecordsSchema, S3TestEventSchema, type S3Record } from '@housestyle/contracts';
import { DomainError, formatS3Uri, toDomainError, type TenantId, type Upload } from '@housestyle/domain';
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

/** What a notification says, record by record. */
export interface AnnouncedObjects {
  readonly objects: readonly CreatedObject[];
  /** of the records that cannot be read, each named by its place; the others are good none the less */
  readonly refusals: readonly DomainError[];
}

/**
 * The objects that an S3 or MinIO notification announces. Removals, other events, S3's test message and the empty
 * objects that stand for folders are none.
 * @throws DomainError `malformed_event` when it is no notification at all
 */
export function parseS3Notification(message: IncomingMessage): AnnouncedObjects {
  const body = parseJson(message);
  if (S3TestEventSchema.safeParse(body).success) return { objects: [], refusals: [] };
  const parsed = S3RecordsSchema.safeParse(body);
  if (!parsed.success) throw new DomainError('malformed_event', `not an S3 notification: ${firstIssue(parsed.error)}`);
  const objects: CreatedObject[] = [];
  const refusals: DomainError[] = [];
  parsed.data.Records.forEach((value, index) => {
    try {
      const record = parseRecord(value);
      if (isCreation(record)) objects.push(toCreatedObject(record));
    } catch (error) {
      const { code, message: reason } = toDomainError(error);
      refusals.push(new DomainError(code, `Records.${index}: ${reason}`, { cause: error }));
    }
  });
  return { objects, refusals };
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

function parseRecord(value: unknown): S3Record {
  const parsed = S3RecordSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new DomainError('malformed_event', firstIssue(parsed.error));
}

const firstIssue = ({ issues: [issue] }: { issues: readonly { path: PropertyKey[]; message: string }[] }): string =>
  `${issue?.path.join('.')} ${issue?.message}`;

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
