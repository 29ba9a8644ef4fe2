import { OUTGOING_EVENT_SCHEMAS, EVENT_TYPES } from '@housestyle/contracts';
import {
  AssetRepository,
  LandingRepository,
  listen,
  REVIEW_CHANNEL,
  ReviewRepository,
  SuggestionRepository,
  type SuggestionState,
} from '@housestyle/database';
import type { TenantId } from '@housestyle/domain';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { waitFor } from '../support/wait-for.js';
import { captionOne } from './caption-one.js';

let test: TestDatabase;
let reviews: ReviewRepository;
let suggestions: SuggestionRepository;

beforeAll(async () => {
  test = await createTestDatabase();
  reviews = new ReviewRepository(test.database);
  suggestions = new SuggestionRepository(test.database);
});
afterAll(() => test.drop());

async function reviewEvents(tenant: TenantId) {
  const rows = await test.query<{ payload: unknown }>(
    'SELECT payload FROM outbox WHERE tenant_id = $1 AND type = $2 ORDER BY id',
    [tenant, EVENT_TYPES.captionReviewed],
  );
  return rows.map(({ payload }) => OUTGOING_EVENT_SCHEMAS[EVENT_TYPES.captionReviewed].parse(payload));
}

describe('reviews', () => {
  it('keeps the one decision that stands, and every one as an event', async () => {
    const tenant = await test.provision();
    const { suggestionId } = await captionOne(test.database, tenant);
    const accepted = await reviews.decide(tenant, suggestionId, {
      decision: 'accepted',
      durationMs: 1200,
      editor: 'Ada',
    });
    expect(accepted!.review).toMatchObject({
      decision: 'accepted',
      text: 'A cat on a mat.',
      durationMs: 1200,
      editor: 'Ada',
    });
    expect(accepted!.review!.reviewedAt).toBeInstanceOf(Date);
    expect(Math.abs(accepted!.review!.reviewedAt.getTime() - Date.now())).toBeLessThan(60_000);

    const corrected = await reviews.decide(tenant, suggestionId, { decision: 'corrected', text: 'A tabby on a rug.' });
    expect(corrected!.review).toMatchObject({ decision: 'corrected', text: 'A tabby on a rug.', revision: 2 });
    const again = await reviews.decide(tenant, suggestionId, { decision: 'corrected', text: 'A tabby on a rug.' });
    expect(again!.review!.revision).toBe(2);
    const rejected = await reviews.decide(tenant, suggestionId, { decision: 'rejected' });
    expect(rejected!.review).toMatchObject({ decision: 'rejected', text: undefined, revision: 3 });
    expect(await reviews.withdraw(tenant, suggestionId)).toBe(true);
    expect(await reviews.withdraw(tenant, suggestionId)).toBe(false);
    expect((await suggestions.get(tenant, suggestionId))!.review).toBeUndefined();
    const anew = await reviews.decide(tenant, suggestionId, { decision: 'accepted' });
    expect(anew!.review!.revision).toBe(5);

    const events = await reviewEvents(tenant);
    expect(events.map(({ decision, caption, revision }) => [decision, caption, revision])).toEqual([
      ['accepted', 'A cat on a mat.', 1],
      ['corrected', 'A tabby on a rug.', 2],
      ['rejected', null, 3],
      ['withdrawn', null, 4],
      ['accepted', 'A cat on a mat.', 5],
    ]);
    expect(await test.query('SELECT 1 FROM review WHERE tenant_id = $1', [tenant])).toHaveLength(1);
  });

  it('keeps one review when two editors decide at once', async () => {
    const tenant = await test.provision();
    const { suggestionId } = await captionOne(test.database, tenant);
    await Promise.all([
      reviews.decide(tenant, suggestionId, { decision: 'accepted' }),
      reviews.decide(tenant, suggestionId, { decision: 'rejected' }),
    ]);
    expect((await suggestions.get(tenant, suggestionId))!.review!.revision).toBe(2);
    expect(await reviewEvents(tenant)).toHaveLength(2);
  });

  it('knows nothing of another tenant’s suggestion', async () => {
    const [mine, theirs] = [await test.provision(), await test.provision()];
    const { suggestionId } = await captionOne(test.database, theirs);
    expect(await reviews.decide(mine, suggestionId, { decision: 'rejected' })).toBeUndefined();
    expect(await reviews.withdraw(mine, suggestionId)).toBe(false);
    expect(await suggestions.get(mine, suggestionId)).toBeUndefined();
  });

  it('tells listeners', async () => {
    const tenant = await test.provision();
    const { suggestionId } = await captionOne(test.database, tenant);
    const heard: string[] = [];
    let isConnected = false;
    const subscription = listen(test.appUrl, REVIEW_CHANNEL, {
      onNotification: (payload) => heard.push(payload),
      onConnected: () => (isConnected = true),
    });
    try {
      await waitFor('the subscription', () => isConnected);
      await reviews.decide(tenant, suggestionId, { decision: 'accepted' });
      await waitFor('the notification', () => heard.length === 1);
      expect(heard).toEqual([`${tenant}:${suggestionId}`]);
    } finally {
      await subscription.close();
    }
  });
});

describe('lists', () => {
  it('pages through suggestions newest first, each once, by state', async () => {
    const tenant = await test.provision();
    const made: string[] = [];
    for (let i = 0; i < 7; i++) made.unshift((await captionOne(test.database, tenant)).suggestionId);
    // several of one instant, as a batch leaves them
    await test.query(
      `UPDATE suggestion SET created_at = date_trunc('minute', now()) WHERE tenant_id = $1 AND id = ANY($2::uuid[])`,
      [tenant, made.slice(2, 6)],
    );
    await reviews.decide(tenant, made[0]!, { decision: 'accepted' });
    await reviews.decide(tenant, made[1]!, { decision: 'corrected', text: 'x' });
    await reviews.decide(tenant, made[2]!, { decision: 'rejected' });
    await reviews.withdraw(tenant, made[2]!);

    const everything = async (state?: SuggestionState): Promise<string[]> => {
      const seen: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await suggestions.list(tenant, { limit: 2, cursor, state });
        expect(page.items.length).toBeLessThanOrEqual(2);
        seen.push(...page.items.map(({ id }) => id));
        cursor = page.nextCursor;
      } while (cursor !== undefined);
      return seen;
    };
    const all = await everything();
    expect([...all].sort()).toEqual([...made].sort());
    const { items } = await suggestions.list(tenant, { limit: 100 });
    expect(items.map(({ id }) => id)).toEqual(all);
    const times = items.map(({ createdAt }) => createdAt.getTime());
    expect(times).toEqual([...times].sort((a, b) => b - a));
    expect(await everything('accepted')).toEqual([made[0]]);
    expect(await everything('corrected')).toEqual([made[1]]);
    expect(await everything('rejected')).toEqual([]);
    expect((await everything('pending')).sort()).toEqual(made.slice(2).sort());
    expect(await suggestions.countByState(tenant)).toEqual({ pending: 5, accepted: 1, corrected: 1, rejected: 0 });
  });

  it('pages through assets, finds one by its key, counts by status', async () => {
    const tenant = await test.provision();
    await captionOne(test.database, tenant);
    const uploads = [1, 2, 3].map((n) => ({ tenantId: tenant, assetId: `a${n}`, version: '1', uri: 's3://b/k' }));
    await new LandingRepository(test.database).land(uploads);
    const assets = new AssetRepository(test.database);
    const first = await assets.list(tenant, { limit: 3 });
    const second = await assets.list(tenant, { limit: 3, cursor: first.nextCursor });
    expect([first.items.length, second.items.length, second.nextCursor]).toEqual([3, 1, undefined]);
    expect(new Set([...first.items, ...second.items].map(({ id }) => id)).size).toBe(4);
    expect((await assets.list(tenant, { limit: 9, status: 'captioned' })).items).toHaveLength(1);
    expect(await assets.find(uploads[1]!)).toMatchObject({ assetId: 'a2', status: 'received', hasPreview: false });
    expect(await assets.countByStatus(tenant)).toEqual({ received: 3, captioned: 1, failed: 0 });
  });

  it('refuses a cursor it did not write', async () => {
    const tenant = await test.provision();
    for (const cursor of ['x', Buffer.from('1 2').toString('base64url')]) {
      await expect(suggestions.list(tenant, { limit: 1, cursor })).rejects.toMatchObject({ code: 'invalid_request' });
    }
  });
});
