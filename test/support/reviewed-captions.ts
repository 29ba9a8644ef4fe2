import {
  CaptioningRepository,
  LandingRepository,
  LeaseRepository,
  ReviewRepository,
  type ReviewDraft,
} from '@housestyle/database';
import { BASE_MAPPER_ID, type TenantId } from '@housestyle/domain';
import type { TestDatabase } from './postgres.js';

export const TEST_BASE = { name: 'demo', sha256: 'ba5e'.repeat(16) };

export interface ReviewedPicture {
  readonly assetRowId: string;
  readonly suggestionId: string;
}

export interface PictureOptions {
  /** the picture of the n-th of them; the same number, the same picture */
  readonly picture?: (n: number) => number;
  /** of the n-th of them; else an invented one of `dimensions` */
  readonly embedding?: (n: number) => Float32Array;
  readonly suggested?: (n: number) => string;
  /** undefined: left pending */
  readonly review?: (n: number) => ReviewDraft | undefined;
  readonly mapperId?: string;
  readonly dimensions?: number;
  readonly base?: { readonly name: string; readonly sha256: string };
}

let landed = 0;

/** Lands, captions and reviews `count` pictures one after the other, without a model. */
export async function reviewPictures(
  { database }: TestDatabase,
  tenant: TenantId,
  count: number,
  options: PictureOptions = {},
): Promise<ReviewedPicture[]> {
  const {
    picture = (n) => landed + n,
    dimensions = 32,
    embedding = (n) => embeddingOf(picture(n), dimensions),
    suggested = (n) => `A red boat, number ${n}.`,
    review = () => ({ decision: 'accepted', editor: 'ana' }),
    mapperId = BASE_MAPPER_ID,
    base = TEST_BASE,
  } = options;
  const uploads = Array.from({ length: count }, (_, n) => ({
    tenantId: tenant,
    assetId: `picture-${landed + n}`,
    version: '1',
    uri: `https://pictures.example/${landed + n}.jpg`,
  }));
  const rows = (await new LandingRepository(database).land(uploads)).landed;
  const leases = await new LeaseRepository(database).lease(10_000, 60_000, 'a test');
  const pictures = uploads.map(({ assetId }) => rows.find(({ upload }) => upload.assetId === assetId)!.id);
  await new CaptioningRepository(database).completeMany(
    tenant,
    pictures.map((assetRowId, n) => ({
      assetRowId,
      leaseToken: leases.find((lease) => lease.assetRowId === assetRowId)!.leaseToken,
      baseModel: base.name,
      baseSha256: base.sha256,
      embedding: bytesOf(embedding(n)),
      preview: { contentType: 'image/webp', width: 4, height: 3, bytes: new Uint8Array([1]) },
      width: 640,
      height: 480,
      mapperId,
      generationKey: 'beam/5/67/mapper',
      hypotheses: [{ text: suggested(n), score: -0.25, tokens: [32, 13], isStopped: true }],
    })),
  );
  landed += count;
  const suggestions = await database.forTenant(tenant, (tables) =>
    tables.suggestion.findMany({ where: { tenantId: tenant, assetRowId: { in: pictures } } }),
  );
  const reviews = new ReviewRepository(database);
  const reviewed: ReviewedPicture[] = [];
  for (const [n, assetRowId] of pictures.entries()) {
    const { id } = suggestions.find((suggestion) => suggestion.assetRowId === assetRowId)!;
    const draft = review(n);
    if (draft) await reviews.decide(tenant, id, draft);
    reviewed.push({ assetRowId, suggestionId: id });
  }
  return reviewed;
}

const bytesOf = (values: Float32Array): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);

/** Far from every other picture's. */
export function embeddingOf(picture: number, dimensions = 32): Float32Array {
  return Float32Array.from({ length: dimensions }, (_, n) => {
    const scattered = Math.sin(picture * 127.1 + n * 311.7) * 43_758.5453;
    return (scattered - Math.floor(scattered)) * 6 - 3;
  });
}
