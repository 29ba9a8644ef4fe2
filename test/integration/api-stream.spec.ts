import type { Asset, Suggestion } from '@housestyle/contracts';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openEventStream, type TestEventStream } from '../support/event-stream.js';
import { captionAssets, failAsset, startTestApi, type TestApi, type TestCaller } from '../support/running-api.js';
import { waitFor } from '../support/wait-for.js';

let api: TestApi;
let owner: TestCaller;
let stranger: TestCaller;
let streams: TestEventStream[];

beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.stop());

beforeEach(async () => {
  owner = await api.caller();
  stranger = await api.caller();
  streams = [];
});
afterEach(() => streams.forEach((stream) => stream.close()));

const open = async (by: TestCaller): Promise<TestEventStream> => {
  const stream = await openEventStream(`${api.url}/v1/suggestions/stream`, { authorization: `Bearer ${by.key}` });
  streams.push(stream);
  await stream.of('ready', 1);
  return stream;
};

describe('the event stream', () => {
  it('tells every listener of the tenant what happened, as the API shows it', async () => {
    const [first, second] = [await open(owner), await open(owner)];
    await captionAssets(api.test, owner.tenant, 3);
    const created = await first.of('suggestion.created', 3);
    await second.of('suggestion.created', 3);

    const suggestion = created[0]!.data as Suggestion;
    expect(await owner.get(`/v1/suggestions/${suggestion.id}`)).toEqual(suggestion);

    const review = `/v1/suggestions/${suggestion.id}/review`;
    await owner.send('POST', review, { decision: 'corrected', text: 'A blue boat.' });
    const [reviewed] = await second.of('suggestion.reviewed', 1);
    expect(reviewed!.data).toMatchObject({ id: suggestion.id, state: 'corrected', review: { text: 'A blue boat.' } });
    await owner.send('DELETE', review);
    const [, withdrawn] = await first.of('suggestion.reviewed', 2);
    expect(withdrawn!.data).toEqual(suggestion);

    const failed = await failAsset(api.test, owner.tenant);
    const [failure] = await first.of('asset.failed', 1);
    expect(failure!.data as Asset).toMatchObject({ id: failed, error: { code: 'corrupt_image' } });
  });

  it('carries nothing of another tenant', async () => {
    const [own, foreign] = [await open(owner), await open(stranger)];
    await captionAssets(api.test, owner.tenant, 4);
    await failAsset(api.test, owner.tenant);
    const [suggestion] = await own.of('suggestion.created', 4);
    await owner.send('POST', `/v1/suggestions/${(suggestion!.data as Suggestion).id}/review`, { decision: 'accepted' });
    await own.of('suggestion.reviewed', 1);
    await own.of('asset.failed', 1);
    // something of the stranger's own, sent after all that, arrives first
    await captionAssets(api.test, stranger.tenant, 1, 'theirs');
    const [theirs] = await foreign.of('suggestion.created', 1);
    expect((theirs!.data as Suggestion).asset.assetId).toBe('theirs/0.jpg');
    expect(foreign.events.map(({ type }) => type)).toEqual(['ready', 'suggestion.created']);
  });

  it('says ready again when the database was away, so that the page lists what it missed', async () => {
    const stream = await open(owner);
    await api.test.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND application_name LIKE 'listen housestyle_suggestion%'`,
    );
    await stream.of('ready', 2);
    await captionAssets(api.test, owner.tenant, 1);
    await stream.of('suggestion.created', 1);
  });

  it('needs a key', async () => {
    expect((await fetch(`${api.url}/v1/suggestions/stream`)).status).toBe(401);
  });

  it('ends when the api stops, and does not hold it up', async () => {
    const stopping = await startTestApi();
    const { key } = await stopping.caller();
    const stream = await openEventStream(`${stopping.url}/v1/suggestions/stream`, { authorization: `Bearer ${key}` });
    await stream.of('ready', 1);
    await stopping.stop();
    await waitFor('the stream to end', () => stream.isEnded);
  });
});
