import { describe, expect, it } from 'vitest';
import { HubServer } from '../../../../test/support/hub-server.js';
import { HubHttp } from './hub-http.js';
import { PassingFailure } from './quiet-limit.js';

const http = (endpoint = 'http://127.0.0.1:1') => new HubHttp({ endpoint, retryDelayMs: 1, timeoutMs: 500 });
const failure = () => new PassingFailure('source_unavailable', 'the line is down');

describe('repetitions', () => {
  it('end after five failures in a row', async () => {
    let tries = 0;
    const work = () => Promise.reject((tries++, failure()));
    await expect(http().retrying(work)).rejects.toThrow('the line is down (5 times)');
    expect(tries).toBe(5);
  });

  it('go on as long as there is progress', async () => {
    let tries = 0;
    const work = async (progress: () => void) => {
      progress();
      if (++tries < 20) throw failure();
      return 'done';
    };
    expect(await http().retrying(work)).toBe('done');
  });

  it('are not made of what fails for good', async () => {
    let tries = 0;
    await expect(http().retrying(() => Promise.reject((tries++, new Error('no'))))).rejects.toThrow('no');
    expect(tries).toBe(1);
  });

  it('are made when nobody listens', async () => {
    await expect(http().get(http().url('api'))).rejects.toMatchObject({ code: 'source_unavailable' });
  });
});

it('an endless redirect is left', async () => {
  const hub = await HubServer.start({});
  for (let i = 0; i < 6; i++) hub.failNext('hub', '/around', { redirect: '/around' });
  const client = http(hub.endpoint);
  await expect(client.get(client.url('around'))).rejects.toMatchObject({ code: 'too_many_redirects' });
  await hub.stop();
});

it('a path below the endpoint is kept, as mirrors have', () => {
  expect(http('https://mirror.example/hub').url('api/models/a/b').href).toBe(
    'https://mirror.example/hub/api/models/a/b',
  );
});
