import { readFile } from 'node:fs/promises';
import { CaptioningRepository, LandingRepository, LeaseRepository } from '@housestyle/database';
import { BASE_MAPPER_ID, type TenantId } from '@housestyle/domain';
import type { TestDatabase } from './postgres.js';

const SAMPLE = new URL('../../samples/samples-00003.png', import.meta.url);

/** Lands one picture with a preview that a browser can show, and captions it with `texts`, best first. */
export async function captionPicture(
  test: TestDatabase,
  tenant: TenantId,
  assetId: string,
  texts: readonly string[],
): Promise<void> {
  const uri = `https://pictures.example/${encodeURIComponent(assetId)}`;
  await new LandingRepository(test.database).land([{ tenantId: tenant, assetId, version: '1', uri }]);
  await captionNext(test, tenant, texts);
}

/** What the pipeline does with the one picture of `tenant` that waits, without a model. */
export async function captionNext(
  { database }: TestDatabase,
  tenant: TenantId,
  texts: readonly string[],
): Promise<void> {
  const leases = await new LeaseRepository(database).lease(1000, 60_000, 'a test');
  const lease = leases.find(({ tenantId }) => tenantId === tenant);
  if (!lease) throw new Error('no picture of this tenant was due');
  await new CaptioningRepository(database).completeMany(tenant, [
    {
      assetRowId: lease.assetRowId,
      leaseToken: lease.leaseToken,
      baseModel: 'demo',
      baseSha256: 'ab'.repeat(32),
      embedding: new Uint8Array(16),
      preview: { contentType: 'image/png', width: 128, height: 128, bytes: await readFile(SAMPLE) },
      width: 128,
      height: 128,
      mapperId: BASE_MAPPER_ID,
      generationKey: 'beam/5/67/mapper',
      hypotheses: texts.map((text, index) => ({
        text,
        score: -0.2 - index * 0.3,
        tokens: [32, 13],
        isStopped: true,
      })),
    },
  ]);
}
