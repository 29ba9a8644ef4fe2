import { LearningRepository, MapperVersionRepository } from '@housestyle/database';
import { declineOf, type TenantId } from '@housestyle/domain';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { reviewPictures, TEST_BASE } from '../support/reviewed-captions.js';

let test: TestDatabase;
let mappers: MapperVersionRepository;
let learning: LearningRepository;

beforeAll(async () => {
  test = await createTestDatabase();
  mappers = new MapperVersionRepository(test.database);
  learning = new LearningRepository(test.database);
});
afterAll(() => test.drop());

async function version(tenant: TenantId, name: string): Promise<string> {
  const draft = { baseModel: 'demo', baseSha256: TEST_BASE.sha256, key: name, kind: 'delta' } as const;
  const sha256 = Buffer.from(name.padEnd(32)).toString('hex');
  return (await mappers.register(tenant, { ...draft, name, sha256 })).id;
}

const championOf = async (tenant: TenantId) => (await mappers.champion(tenant))?.id ?? null;

describe('going back', () => {
  it('goes to the champion before, twice to the one before that, and to the base’s own at last', async () => {
    const tenant = await test.provision();
    const [a, b, c] = [await version(tenant, 'a'), await version(tenant, 'b'), await version(tenant, 'c')];
    for (const id of [a, b]) await mappers.promote(tenant, id, 'better');
    expect(await mappers.rollback(tenant, 'worse after all')).toBe(a);
    await mappers.promote(tenant, c, 'better');
    expect(await mappers.rollback(tenant, 'worse again', { promotedBy: 'key' })).toBe(a);
    expect(await mappers.latestPromotion(tenant)).toMatchObject({ kind: 'rollback', promotedBy: 'key' });
    expect(await mappers.rollback(tenant, 'all the way')).toBeNull();
    expect(await championOf(tenant)).toBeNull();
    await expect(mappers.rollback(tenant, 'further')).rejects.toMatchObject({ code: 'conflict' });
    const kinds = await test.query(`SELECT kind::text FROM promotion WHERE tenant_id = $1 ORDER BY id`, [tenant]);
    expect(kinds.map(({ kind }) => kind as string)).toEqual([
      'manual',
      'manual',
      'rollback',
      'manual',
      'rollback',
      'rollback',
    ]);
    const events = await test.query(
      `SELECT 1 FROM outbox WHERE tenant_id = $1 AND type = 'housestyle.mapper.promoted.v1'`,
      [tenant],
    );
    expect(events).toHaveLength(6);
  });

  it('is refused where nothing was promoted, and for another tenant’s version', async () => {
    const [tenant, other] = [await test.provision(), await test.provision()];
    const theirs = await version(other, 'theirs');
    await expect(mappers.rollback(tenant, 'why not')).rejects.toMatchObject({ code: 'conflict' });
    await expect(mappers.promote(tenant, theirs, 'mine now')).rejects.toMatchObject({ code: 'not_found' });
  });

  it('does not promote what was made for another base', async () => {
    const tenant = await test.provision();
    const id = await version(tenant, 'old');
    await test.provision({ id: tenant, baseModel: 'another-base' });
    await expect(mappers.promote(tenant, id, 'again')).rejects.toMatchObject({ code: 'conflict' });
  });

  it('expects the base’s own where the champion was made for another base', async () => {
    const tenant = await test.provision();
    const [first, second] = [await version(tenant, 'first'), await version(tenant, 'second')];
    for (const id of [first, second]) await mappers.promote(tenant, id, 'better');
    await test.provision({ id: tenant, baseModel: 'another-base' });
    const details = { expected: second };
    await expect(mappers.rollback(tenant, 'not it', details)).rejects.toMatchObject({ code: 'conflict' });
    expect(await mappers.rollback(tenant, 'back', { expected: null })).toBe(first);
  });
});

describe('a promotion on trial', () => {
  const good = { review: () => ({ decision: 'accepted' }) as const };
  const bad = { review: () => ({ decision: 'corrected', text: 'something else entirely' }) as const };

  it('is judged by the reviews since, against those of what it replaced', async () => {
    const tenant = await test.provision();
    await reviewPictures(test, tenant, 25, good);
    expect(await learning.promotionTrial(tenant)).toBeUndefined();
    const id = await version(tenant, 'worse');
    await mappers.promote(tenant, id, 'the gate was wrong');
    await reviewPictures(test, tenant, 10, { ...bad, mapperId: id });
    const early = (await learning.promotionTrial(tenant))!;
    expect(early).toMatchObject({ champion: id, predecessor: null });
    expect([early.before.length, early.after.length]).toEqual([25, 10]);
    expect(declineOf(early.before, early.after)).toBeUndefined();

    await reviewPictures(test, tenant, 15, { ...bad, mapperId: id });
    const { before, after } = (await learning.promotionTrial(tenant))!;
    const reason = declineOf(before, after);
    expect(reason).toBe('the accept rate fell from 100 % to 0 %');
    await mappers.rollback(tenant, reason!, { isAutomatic: true, expected: id });
    expect(await championOf(tenant)).toBeNull();
    expect(await mappers.latestPromotion(tenant)).toMatchObject({ kind: 'automatic_rollback', reason });
    // once taken back there is nothing on trial, and a second look changes nothing
    expect(await learning.promotionTrial(tenant)).toBeUndefined();
    await expect(mappers.rollback(tenant, reason!, { isAutomatic: true, expected: id })).rejects.toMatchObject({
      code: 'conflict',
    });
  });

  it('is judged by all that came before when what it replaced was hardly seen', async () => {
    const tenant = await test.provision();
    await reviewPictures(test, tenant, 22, good);
    const [brief, worse] = [await version(tenant, 'brief'), await version(tenant, 'worse still')];
    await mappers.promote(tenant, brief, 'better');
    await reviewPictures(test, tenant, 3, { ...good, mapperId: brief });
    await mappers.promote(tenant, worse, 'better yet');
    await reviewPictures(test, tenant, 25, { ...bad, mapperId: worse });
    const { before, after, predecessor } = (await learning.promotionTrial(tenant))!;
    expect([before.length, after.length, predecessor]).toEqual([25, 25, brief]);
    expect(declineOf(before, after)).toBe('the accept rate fell from 100 % to 0 %');
  });
});
