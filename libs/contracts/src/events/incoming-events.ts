import { z } from 'zod';
import { storableRecord, storableText } from './storable.js';

/**
 * `housestyle.asset.uploaded.v1`: a picture is there to be captioned. The triple (tenantId, assetId, version) is the
 * asset; the same triple again changes nothing. Unknown fields are ignored, so that senders may add some.
 */
export const AssetUploadedSchema = z
  .object({
    tenantId: z.guid().toLowerCase(),
    assetId: storableText(1024).describe('the library’s own id of the picture'),
    version: storableText(1024).describe('changes when the picture’s bytes do'),
    uri: storableText(4096).describe('where the picture lies: https:, http:, s3: or file:'),
    contentType: storableText(200).optional(),
    sha256: z
      .string()
      .toLowerCase()
      .regex(/^[0-9a-f]{64}$/, 'expected 64 hexadecimal digits')
      .optional()
      .describe('of the picture’s bytes; checked after fetching'),
    context: storableRecord.optional().describe('whatever the sender wants kept with the asset'),
  })
  .meta({ id: 'AssetUploaded' });
export type AssetUploaded = z.infer<typeof AssetUploadedSchema>;

/** One record of an S3 or MinIO notification, as far as it is read. */
export const S3RecordSchema = z.object({
  eventName: z.string().describe('`ObjectCreated:Put`; MinIO writes `s3:ObjectCreated:Put`'),
  s3: z.object({
    bucket: z.object({ name: z.string().min(1) }),
    object: z.object({
      key: z.string().min(1).describe('URL-encoded, a space as +'),
      size: z.number().optional(),
      contentType: z.string().optional(),
      versionId: z.string().optional(),
      sequencer: z.string().optional(),
    }),
  }),
});
export type S3Record = z.infer<typeof S3RecordSchema>;

/** A bucket notification: many records in one message. */
export const S3NotificationSchema = z
  .object({ Records: z.array(S3RecordSchema).min(1) })
  .meta({ id: 'S3Notification' });
export type S3Notification = z.infer<typeof S3NotificationSchema>;

/** A notification whose records are yet to be read, each by itself. */
export const S3RecordsSchema = z.object({ Records: z.array(z.unknown()).min(1) });

/** What S3 sends once when a notification is configured; there is no picture in it. */
export const S3TestEventSchema = z.object({ Event: z.literal('s3:TestEvent') });
