import { randomUUID } from 'node:crypto';
import {
  CaptioningRepository,
  LandingRepository,
  LeaseRepository,
  type Completion,
  type Database,
  type LeasedAsset,
} from '@housestyle/database';
import { BASE_MAPPER_ID, DEFAULT_GENERATION, generationKey, type TenantId } from '@housestyle/domain';

/** What a captioner could have said about a leased asset. */
export function completionOf(lease: LeasedAsset, change: Partial<Completion> = {}): Completion {
  return {
    assetRowId: lease.assetRowId,
    leaseToken: lease.leaseToken,
    baseModel: 'demo',
    baseSha256: 'ba5e'.repeat(16),
    embedding: new Uint8Array(new Float32Array([1, -0.5, 0.25]).buffer),
    preview: { contentType: 'image/webp', width: 4, height: 3, bytes: new Uint8Array([1, 2, 3]) },
    width: 640,
    height: 480,
    mapperId: BASE_MAPPER_ID,
    generationKey: generationKey(DEFAULT_GENERATION),
    hypotheses: [
      { text: 'A cat on a mat.', score: -0.25, tokens: [32, 3797, 13], isStopped: true },
      { text: 'A cat', score: -0.5, tokens: [32, 3797], isStopped: false },
    ],
    ...change,
  };
}

/** Lands, leases and captions one new asset of `tenant`, as the pipeline would. */
export async function captionOne(
  database: Database,
  tenant: TenantId,
  change: Partial<Completion> = {},
): Promise<{ assetRowId: string; suggestionId: string }> {
  const upload = { tenantId: tenant, assetId: `a/${randomUUID()}`, version: '1', uri: 's3://pictures/a.jpg' };
  const { landed } = await new LandingRepository(database).land([upload]);
  const assetRowId = landed[0]!.id;
  const leases = await new LeaseRepository(database).lease(1000, 60_000, 'caption-one');
  const lease = leases.find((leased) => leased.assetRowId === assetRowId);
  if (!lease) throw new Error('the new asset was not leased');
  await new CaptioningRepository(database).complete(tenant, completionOf(lease, change));
  const suggestion = await database.forTenant(tenant, (rows) =>
    rows.suggestion.findFirstOrThrow({ where: { tenantId: tenant, assetRowId } }),
  );
  return { assetRowId, suggestionId: suggestion.id };
}
