import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type AppProcess } from '../support/app-process.js';
import { freePort } from '../support/free-port.js';
import { waitFor } from '../support/wait-for.js';

const SAMPLES = 24;
const API_KEY = 'a-key-of-the-operators-own-choice';

interface Suggestion {
  id: string;
  caption: string;
  asset: { assetId: string };
}

/** `npm start`, as a newcomer runs it, on a folder of its own. */
describe('everything on one machine', () => {
  let data: string;
  let url: string;
  let app: AppProcess;

  const start = (environment: Readonly<Record<string, string>> = {}) =>
    startApp('standalone', {
      environment: { HOUSESTYLE_DATA: data, HOUSESTYLE_API_KEY: API_KEY, PORT: new URL(url).port, ...environment },
      readyUrl: `${url}/readyz`,
    });

  const get = async <T>(path: string): Promise<T> => {
    const response = await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${API_KEY}` } });
    expect(response.status).toBe(200);
    return (await response.json()) as T;
  };
  const suggestions = async () => (await get<{ items: Suggestion[] }>('/v1/suggestions?state=all&limit=100')).items;
  const allCaptioned = () =>
    waitFor('every sample to be captioned', async () => {
      const items = await suggestions();
      return items.length >= SAMPLES && items;
    });

  beforeAll(async () => {
    data = await mkdtemp(join(tmpdir(), 'housestyle-standalone-'));
    url = `http://127.0.0.1:${await freePort()}`;
    app = await start();
  });

  afterAll(async () => {
    await app?.stop('SIGKILL');
    await waitFor('the rest to notice', () => descendants(data).length === 0);
    await rm(data, { recursive: true, force: true });
  });

  it('prints where to look and two keys', async () => {
    await waitFor('the banner', () => app.output().includes('Housestyle is running'));
    expect(app.output()).toContain(API_KEY);
    expect(app.output()).toMatch(/key 2 +hs_[0-9a-f]{12}_\S+ +Toy Shop/);
  });

  it('captions the samples, in the right words', async () => {
    const items = await allCaptioned();
    expect(items).toHaveLength(SAMPLES);
    const captions = new Map(items.map(({ asset, caption }) => [asset.assetId, caption]));
    expect(captions.get('samples-00022.png')).toBe('Three white birds over the sea at night.');
  });

  it('serves the page and the documentation', async () => {
    expect(await (await fetch(url)).text()).toContain('<div id="root">');
    expect((await fetch(`${url}/docs`)).status).toBe(200);
  });

  it('starts a part again that dies', async () => {
    const [pipeline] = descendants(data).filter(({ command }) => command.includes('apps/pipeline'));
    process.kill(pipeline!.pid, 'SIGKILL');
    await waitFor('another pipeline', () =>
      descendants(data).some(({ pid, command }) => command.includes('apps/pipeline') && pid !== pipeline!.pid),
    );
  });

  it('stops all of it on Ctrl-C, and resumes with what was reviewed', async () => {
    const [first] = await suggestions();
    const review = await fetch(`${url}/v1/suggestions/${first!.id}/review`, {
      method: 'POST',
      headers: { authorization: `Bearer ${API_KEY}`, 'content-type': 'application/json' },
      body: JSON.stringify({ decision: 'accepted' }),
    });
    expect(review.ok).toBe(true);
    expect(await app.stop('SIGINT')).toBe(0);
    expect(descendants(data)).toEqual([]);

    app = await start();
    const { counts } = await get<{ counts: { suggestions: Record<string, number> } }>('/v1/session');
    expect(counts.suggestions).toMatchObject({ accepted: 1, pending: SAMPLES - 1 });
    expect(await suggestions()).toHaveLength(SAMPLES);
  });

  it('captions with the base model that is named, from a folder or from the library', async () => {
    await app.stop('SIGINT');
    app = await start({ MODEL_DIRECTORIES: 'demo-ru,models/demo', MODEL_LIBRARY: 'models' });
    await waitFor('the banner', () => app.output().includes('captioned with the base model demo-ru'));
    const form = new FormData();
    form.set('file', new Blob([await readFile('samples/samples-00005.png')]), 'boat.png');
    const headers = { authorization: `Bearer ${API_KEY}` };
    expect((await fetch(`${url}/v1/assets`, { method: 'POST', headers, body: form })).ok).toBe(true);
    const caption = await waitFor('its caption', async () => {
      const found = (await suggestions()).find(({ asset }) => asset.assetId.startsWith('upload-'));
      return found?.caption;
    });
    expect(caption).toBe('Синяя лодка на море на закате.');
  });
});

interface RunningProcess {
  readonly pid: number;
  readonly command: string;
}

/** Every process that was started for `data`: the children carry it in their environment or arguments. */
function descendants(data: string): RunningProcess[] {
  const listing = execFileSync('ps', ['axeww', '-o', 'pid=,args='], { encoding: 'utf8', maxBuffer: 64 * 2 ** 20 });
  return listing
    .split('\n')
    .filter((line) => line.includes(`HOUSESTYLE_DATA=${data}`) || line.includes(`-D ${data}`))
    .map((line) => ({ pid: Number.parseInt(line, 10), command: line }))
    .filter(({ command }) => !command.includes('apps/standalone/dist/main.js'));
}
