import { Injectable } from '@nestjs/common';
import {
  AnnounceAssetSchema,
  UPLOAD_FILE_FIELD,
  UploadFieldsSchema,
  type AcceptedAssets,
  type UploadFields,
} from '@housestyle/contracts';
import { AssetRepository, BucketMappingRepository, LandingRepository } from '@housestyle/database';
import { DomainError, LimitError, parseS3Uri, type TenantId, type Upload } from '@housestyle/domain';
import type { z } from 'zod';
import { InvalidRequestError } from '../problems/to-http-problem.js';
import { presentAsset } from './present-asset.js';
import { UploadLocation } from './upload-location.js';
import type { StoredUpload } from './upload-storage.js';

/** Uploads become rows, the same rows that events become; whatever happens to them next is the pipeline's. */
@Injectable()
export class UploadsService {
  constructor(
    private readonly bucketMappings: BucketMappingRepository,
    private readonly landing: LandingRepository,
    private readonly assets: AssetRepository,
    private readonly location: UploadLocation,
  ) {}

  async announce(tenant: TenantId, body: unknown): Promise<AcceptedAssets> {
    const asset = validated(AnnounceAssetSchema, body);
    await this.assertAnnounceable(tenant, asset.uri);
    const version = asset.version ?? asset.sha256?.slice(0, 16) ?? '1';
    return this.land(tenant, [{ ...asset, tenantId: tenant, version }]);
  }

  /** The files lie in the store already; those that turn out to be no new asset leave it again. */
  async landFiles(tenant: TenantId, files: readonly StoredUpload[], body: unknown): Promise<AcceptedAssets> {
    try {
      const fields = fieldsFor(files, body);
      const accepted = await this.land(
        tenant,
        files.map((file) => this.toUpload(tenant, file, fields)),
      );
      await this.discard(files.filter((_, index) => !accepted.items[index]?.isNew));
      return accepted;
    } catch (error) {
      // only a refused request is known to have landed nothing; after any other failure a row may need the bytes
      if (error instanceof InvalidRequestError || error instanceof LimitError) await this.discard(files);
      throw error;
    }
  }

  private async land(tenant: TenantId, uploads: readonly Upload[]): Promise<AcceptedAssets> {
    const { landed, unstorable } = await this.landing.land(uploads, { overQuota: 'refuse' });
    if (unstorable.length > 0) {
      throw new InvalidRequestError([{ path: '', message: 'a name is over 1,024 bytes, or a text holds a NUL' }]);
    }
    const newUploads = new Set(landed.map(({ upload }) => upload));
    const items = [];
    for (const upload of uploads) {
      const row = await this.assets.find(upload);
      if (!row) throw new Error(`asset ${upload.assetId} has vanished`);
      items.push({
        ...presentAsset(row, this.location.isUpload(tenant, row.uri)),
        isNew: newUploads.has(upload),
      });
    }
    return { items };
  }

  /**
   * The pipeline reads buckets with its own credentials, so an `s3:` URI is taken only from the tenant that an
   * administrator has mapped its bucket and prefix to. `http(s):` is judged where it is fetched.
   */
  private async assertAnnounceable(tenant: TenantId, uri: string): Promise<void> {
    if (!/^s3:/i.test(uri)) return;
    const { bucket, key } = parseS3Uri(uri);
    const [owner] = await this.bucketMappings.resolve([{ bucket, key }]);
    if (owner !== tenant || this.location.holds({ bucket, key })) {
      throw new DomainError('uri_not_allowed', 'the bucket and prefix are not mapped to this tenant');
    }
  }

  private toUpload(tenant: TenantId, file: StoredUpload, fields: UploadFields): Upload {
    return {
      tenantId: tenant,
      assetId: fields.assetId ?? `upload-${file.sha256.slice(0, 32)}`,
      version: fields.version ?? file.sha256.slice(0, 16),
      uri: this.location.store.uriOf(file.path),
      contentType: file.mimetype,
      sha256: file.sha256,
      context: { fileName: file.originalname.replace(/\p{Cc}/gu, ''), ...fields.context },
    };
  }

  private async discard(files: readonly StoredUpload[]): Promise<void> {
    await Promise.all(files.map(({ path }) => this.location.store.delete(path)));
  }
}

function fieldsFor(files: readonly StoredUpload[], body: unknown): UploadFields {
  const fields = validated(UploadFieldsSchema, body);
  if (files.length === 0) throw new InvalidRequestError([{ path: UPLOAD_FILE_FIELD, message: 'no file came' }]);
  if (files.length > 1 && (fields.assetId ?? fields.version) !== undefined) {
    throw new InvalidRequestError([{ path: 'assetId', message: 'assetId and version go with exactly one file' }]);
  }
  return fields;
}

function validated<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const parsed = schema.safeParse(body ?? {});
  if (parsed.success) return parsed.data;
  throw new InvalidRequestError(parsed.error.issues.map(({ path, message }) => ({ path: path.join('.'), message })));
}
