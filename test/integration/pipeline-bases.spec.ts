import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Suggestion, SuggestionPage } from '@housestyle/contracts';
import { LandingRepository, newApiKey } from '@housestyle/database';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEMO, DEMO_RU, makeBases, type MadeBases } from '../support/bases.js';
import { demoPixels, startCaptioner, type RunningCaptioner } from '../support/captioner.js';
import { startPipeline, type RunningPipeline } from '../support/pipeline.js';
import { startTestApi, type TestApi, type TestCaller } from '../support/running-api.js';
import { waitFor } from '../support/wait-for.js';

const PICTURES = Array.from({ length: 8 }, (_, index) => `samples-0000${index}.png`);
/** Room for any two of three. */
const ROOM_FOR_TWO = 140 * 2 ** 20;

describe('tenants on different base models', () => {
  let api: TestApi;
  let captioner: RunningCaptioner;
  let pipeline: RunningPipeline;
  let made: MadeBases;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'housestyle-two-bases-'));
    made = await makeBases();
    [api, captioner] = await Promise.all([
      startTestApi(),
      startCaptioner({
        MODEL_DIRECTORIES: [DEMO, DEMO_RU, made.transformer, made.broken].join(','),
        MODEL_MEMORY_BYTES: `${ROOM_FOR_TWO}`,
      }),
    ]);
    pipeline = await startPipeline(api.test, {
      CAPTIONER_ADDRESS: captioner.address,
      UPLOAD_STORE: join(folder, 'uploads'),
      FILE_ROOTS: resolve('samples'),
    });
  });
  afterAll(async () => {
    await pipeline.app.stop();
    await captioner.close();
    await api.stop();
    await made.remove();
    await rm(folder, { recursive: true });
  });

  async function tenantOf(baseModel: string): Promise<TestCaller> {
    const { key } = newApiKey();
    return api.withKey(await api.test.provision({ name: `A tenant of ${baseModel}`, baseModel, apiKey: key }), key);
  }

  const land = ({ tenant }: TestCaller) =>
    new LandingRepository(api.test.database).land(
      PICTURES.map((assetId) => ({
        tenantId: tenant,
        assetId,
        version: '1',
        uri: pathToFileURL(resolve('samples', assetId)).href,
      })),
    );

  const captionsOf = (caller: TestCaller): Promise<Suggestion[]> =>
    waitFor('its captions', async () => {
      const { items } = await caller.get<SuggestionPage>('/v1/suggestions?limit=50');
      return items.length === PICTURES.length && items;
    });

  async function directly(baseModel: string): Promise<Map<string, string>> {
    const items = await Promise.all(
      PICTURES.map(async (id) => ({ id, pixels: { rgb: await demoPixels(join('samples', id)) } })),
    );
    const { results } = await captioner.client.caption({ baseModel, items }, { deadlineMs: 60_000 });
    return new Map(results.map(({ id, hypotheses }) => [id, hypotheses[0]!.text]));
  }

  it('get each its own base’s captions, while a base that cannot be loaded keeps only its own tenant waiting', async () => {
    const [english, russian, other, unlucky] = [
      await tenantOf('demo'),
      await tenantOf('demo-ru'),
      await tenantOf('demo-transformer'),
      await tenantOf('demo-broken'),
    ];
    await Promise.all([unlucky, english, russian, other].map(land));
    for (const [caller, baseModel] of [
      [english, 'demo'],
      [russian, 'demo-ru'],
      [other, 'demo-transformer'],
    ] as const) {
      const suggestions = await captionsOf(caller);
      expect(new Set(suggestions.map((suggestion) => suggestion.baseModel))).toEqual(new Set([baseModel]));
      expect(new Map(suggestions.map(({ asset, caption }) => [asset.assetId, caption]))).toEqual(
        await directly(baseModel),
      );
    }
    const [{ id, caption }] = (await captionsOf(russian)) as [Suggestion];
    expect(caption).toMatch(/^\p{Script=Cyrillic}[\p{Script=Cyrillic} ,]+\.$/u);

    const text = `${caption.replace(/\.$/, '')} — «ёж», наивный й.`;
    const answer = await russian.send('POST', `/v1/suggestions/${id}/review`, { decision: 'corrected', text });
    expect(answer.status).toBe(200);
    expect(await russian.get<Suggestion>(`/v1/suggestions/${id}`)).toMatchObject({ review: { text } });

    const waiting = await api.test.query<{ status: string; attempts: number; error_code: string | null }>(
      'SELECT status::text, attempts, error_code FROM asset WHERE tenant_id = $1',
      [unlucky.tenant],
    );
    expect(waiting).toHaveLength(PICTURES.length);
    expect(waiting.every(({ status }) => status === 'received')).toBe(true);
  });
});
