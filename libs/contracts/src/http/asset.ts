import { ASSET_STATUSES } from '@housestyle/domain';
import { z } from 'zod';
import { PageQuerySchema, pageOf } from './page.js';
import { ErrorCodeSchema } from './problem.js';
import { SuggestionSchema } from './suggestion.js';

export const AssetStatusSchema = z.enum(ASSET_STATUSES);

/** One version of one picture. */
export const AssetSchema = z
  .object({
    id: z.guid().describe('our id of this version; `{id}` in paths'),
    assetId: z.string().describe('the library’s own id of the picture'),
    version: z.string(),
    status: AssetStatusSchema,
    uri: z.string().nullable().describe('where it was announced to be; null for a file uploaded here'),
    contentType: z.string().nullable(),
    sha256: z.string().nullable(),
    context: z.record(z.string(), z.unknown()).describe('whatever the uploader attached'),
    width: z.number().int().nullable().describe('pixels, as shown (after EXIF orientation); null until captioned'),
    height: z.number().int().nullable(),
    previewUrl: z.string().nullable().describe('≤ 512 px WebP, same origin; null until captioned'),
    attempts: z.number().int().nonnegative(),
    error: z
      .object({ code: ErrorCodeSchema, title: z.string(), message: z.string() })
      .nullable()
      .describe('why it failed, or why its last attempt did'),
    receivedAt: z.iso.datetime(),
    updatedAt: z.iso.datetime().describe('when it was captioned or failed; until then `receivedAt`'),
  })
  .meta({ id: 'Asset' });
export type Asset = z.infer<typeof AssetSchema>;

/** `GET /v1/assets/{id}` → 200 */
export const AssetDetailSchema = AssetSchema.extend({ suggestions: z.array(SuggestionSchema) }).meta({
  id: 'AssetDetail',
});
export type AssetDetail = z.infer<typeof AssetDetailSchema>;

/** `GET /v1/assets`, newest first */
export const AssetQuerySchema = PageQuerySchema.extend({ status: AssetStatusSchema.optional() });
export type AssetQuery = z.input<typeof AssetQuerySchema>;
export const AssetPageSchema = pageOf(AssetSchema).meta({ id: 'AssetPage' });
export type AssetPage = z.infer<typeof AssetPageSchema>;

const name = (maxLength: number) => z.string().trim().min(1).max(maxLength);
const context = z.record(z.string(), z.unknown());
const sha256 = z
  .string()
  .toLowerCase()
  .regex(/^[0-9a-f]{64}$/, 'expected 64 hexadecimal digits');

/**
 * `POST /v1/assets` as JSON: announce a picture that lies elsewhere; `file:` is for operators, not for HTTP. `version` defaults to the first 16 digits of
 * `sha256`, else to "1". The same (assetId, version) again changes nothing and answers with the row that is there.
 */
export const AnnounceAssetSchema = z
  .strictObject({
    uri: z.url({ protocol: /^(https?|s3)$/ }).max(4096),
    assetId: name(512),
    version: name(200).optional(),
    contentType: name(200).optional(),
    sha256: sha256.optional(),
    context: context.optional(),
  })
  .meta({ id: 'AnnounceAsset' });
export type AnnounceAsset = z.input<typeof AnnounceAssetSchema>;

const jsonText = z.string().transform((text, refinement) => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    refinement.addIssue({ code: 'custom', message: 'expected JSON' });
    return z.NEVER;
  }
});

/**
 * The text fields of `POST /v1/assets` as multipart/form-data, beside one or many `file` parts. `assetId` and
 * `version` go with exactly one file. Default `assetId`: `upload-` and the first 32 digits of the bytes' sha256, so
 * the same file twice is one asset; default `version`: the first 16. `context` is a JSON object as text.
 */
export const UploadFieldsSchema = z.strictObject({
  assetId: name(512).optional(),
  version: name(200).optional(),
  context: jsonText.pipe(context).optional(),
});
export type UploadFields = z.output<typeof UploadFieldsSchema>;

/** The multipart field that carries a picture's bytes. */
export const UPLOAD_FILE_FIELD = 'file';

/** `POST /v1/assets` → 202, in the order of the files. */
export const AcceptedAssetsSchema = z
  .object({ items: z.array(AssetSchema.extend({ isNew: z.boolean().describe('false: it was here already') })) })
  .meta({ id: 'AcceptedAssets' });
export type AcceptedAssets = z.infer<typeof AcceptedAssetsSchema>;
