import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readFeatures } from '@housestyle/checkpoints';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { saveText } from '../support/dataset-layouts.js';
import { housestyle, startHousestyle } from '../support/housestyle.js';
import { testPicture } from '../support/museum-captions.js';
import { PictureServer } from '../support/picture-server.js';
import { waitFor } from '../support/wait-for.js';

const PICTURES = 90;
const environment = { ALLOW_PRIVATE_ADDRESSES: 'true', FETCH_TIMEOUT_MS: '3000' };
let folder: string;
let server: PictureServer;
const at = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'housestyle-conceptual-'));
  server = await PictureServer.start(
    await Promise.all(Array.from({ length: PICTURES }, (_, n) => readFile(testPicture(n)))),
  );
  const lines = Array.from({ length: PICTURES }, (_, n) => `caption of ${n}\t${server.url(`picture/${n}`)}`);
  const bad = ['gone', 'torn', 'silent', 'forbidden'].map((path) => `never seen\t${server.url(path)}`);
  // bad ones in between; one picture comes twice, and one is under another name of the same machine
  lines.splice(20, 0, ...bad, 'nor this\tfile:///etc/passwd', 'nor that\tno URL');
  lines.push(`another caption of 3\t${server.url('picture/3')}`);
  lines.push(`caption of a busy 5\t${server.url('busy/5')}`, `caption of a moved 6\t${server.url('moved/6')}`);
  lines.push(`caption of 7\t${server.url('picture/7').replace('127.0.0.1', 'localhost')}`);
  await saveText(folder, 'Train_GCC-training.tsv', lines.map((line) => `${line}\n`).join(''));
});
afterEach(() => server.forget());
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

const args = (captions: string, out: string, ...more: string[]) => [
  ...['features', 'conceptual', '--captions', at(captions), '--out', at(`${out}.safetensors`), ...more],
];
const madeBy = async (out: string) => ({
  features: await Promise.all(['.safetensors', '.jsonl'].map((ending) => readFile(at(`${out}${ending}`)))),
  // what a library says of a torn picture differs from time to time, its code does not
  failures: (await readFile(at(`${out}.failures.jsonl`), 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { file: string; error: { code: string; message: string } })
    .map(({ file, error: { code, message } }) => (code === 'corrupt_image' ? { file, code } : { file, code, message })),
});

describe('housestyle features conceptual', () => {
  it('downloads, encodes, and lists what could not be had, with the reasons', async () => {
    const { exitCode, stdout, stderr } = await housestyle(args('Train_GCC-training.tsv', 'whole'), { environment });
    expect(exitCode).toBe(1);
    expect(stdout).toContain(`${PICTURES + 3} pictures, ${PICTURES + 4} captions, 128 values a picture`);
    expect(stderr).toContain(`left out 6 pictures that could not be read: ${at('whole.failures.jsonl')}`);
    const listed = (await readFile(at('whole.failures.jsonl'), 'utf8')).trim().split('\n');
    expect(listed.map((line) => JSON.parse(line) as object)).toMatchObject([
      { file: server.url('gone'), error: { code: 'source_not_found', message: 'The server answered 404' } },
      { file: server.url('torn'), error: { code: 'corrupt_image' } },
      { file: server.url('silent'), error: { code: 'source_timeout' } },
      { file: server.url('forbidden'), error: { code: 'source_forbidden', message: 'The server answered 403' } },
      { file: 'file:///etc/passwd', error: { code: 'uri_not_allowed' } },
      { file: 'no URL', error: { code: 'uri_not_allowed' } },
    ]);
    expect(server.mostAtOnce).toBeLessThanOrEqual(2);
    expect(server.timesAsked(server.url('picture/3'))).toBe(1);
    expect(server.timesAsked(server.url('gone'))).toBe(1);
    expect(server.timesAsked(server.url('silent'))).toBe(2);

    const { captions, embeddings } = await readFeatures(at('whole.safetensors'));
    const rowOf = (caption: string) => captions.find((line) => line.caption === caption)!.row;
    expect(captions.map(({ caption }) => caption).slice(19, 21)).toEqual(['caption of 19', 'caption of 20']);
    expect(rowOf('another caption of 3')).toBe(rowOf('caption of 3'));
    for (const [a, b] of [
      ['caption of 5', 'caption of a busy 5'],
      ['caption of 6', 'caption of a moved 6'],
    ]) {
      expect(embeddings[rowOf(a!)]).toEqual(embeddings[rowOf(b!)]);
    }
    expect(embeddings[rowOf('caption of 5')]).not.toEqual(embeddings[rowOf('caption of 6')]);
  });

  it('ends with the same bytes when it is killed and run again, and asks for nothing twice', async () => {
    server.holdFrom(60);
    const running = startHousestyle(args('Train_GCC-training.tsv', 'killed'), { environment });
    const journaled = async () => {
      const written = await readFile(at('killed.safetensors.journal'), 'utf8');
      const lines = written.split('\n').slice(1, -1); // the last may be half written
      return lines.length >= 32 && lines;
    };
    const known = await waitFor('a batch in the journal', journaled, { timeoutMs: 60_000, everyMs: 5 });
    const second = await housestyle(args('Train_GCC-training.tsv', 'killed'), { environment });
    expect([second.exitCode, second.stderr]).toEqual([
      1,
      expect.stringContaining('conflict: another process is writing'),
    ]);
    running.process.kill('SIGKILL');
    expect((await running.ended).exitCode).toBeNull();
    server.forget();

    const resumed = await housestyle(args('Train_GCC-training.tsv', 'killed'), { environment });
    expect(resumed.exitCode).toBe(1);
    const urls = known.map((line) => (JSON.parse(line) as [string])[0]).filter((url) => url.includes('/picture/'));
    expect(urls.length).toBeGreaterThan(20);
    for (const url of urls) expect([url, server.timesAsked(url)]).toEqual([url, 0]);
    expect(await madeBy('killed')).toEqual(await madeBy('whole'));
    expect((await readdir(folder)).filter((name) => name.startsWith('killed')).sort()).toEqual([
      'killed.failures.jsonl',
      'killed.jsonl',
      'killed.safetensors',
    ]);
  });

  it('keeps pictures where asked to, and needs nobody then', async () => {
    const lines = [0, 1, 2].map((n) => `caption of ${n} .\t${server.url(`picture/${n}`)}\n`).join('');
    await saveText(folder, 'few.tsv', `caption\turl\n${lines}`);
    const kept = ['--keep-pictures', at('kept'), '--add-period'];
    expect(await housestyle(args('few.tsv', 'few', ...kept), { environment })).toMatchObject({
      exitCode: 0,
      stderr: '',
    });
    expect(server.timesAsked(server.url('picture/0'))).toBe(1);
    const first = await readFile(at('few.safetensors'));
    const names = (await readdir(at('kept'), { recursive: true })).filter((name) =>
      /^[0-9a-f]{2}.[0-9a-f]{32}$/.test(name),
    );
    expect(names).toHaveLength(3);
    server.forget();
    // not even the permission to ask
    expect(await housestyle(args('few.tsv', 'few', ...kept))).toMatchObject({ exitCode: 0, stderr: '' });
    expect(server.timesAsked(server.url('picture/0'))).toBe(0);
    expect(await readFile(at('few.safetensors'))).toEqual(first);
    const { captions } = await readFeatures(at('few.safetensors'));
    expect(captions.map(({ caption }) => caption)).toEqual(['caption of 0.', 'caption of 1.', 'caption of 2.']);
  });

  it('goes to public addresses only, unless the settings allow others', async () => {
    const { exitCode, stderr } = await housestyle(args('few.tsv', 'private'));
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/picture\/0: address_not_allowed: 127\.0\.0\.1 is not/);
    expect(stderr).toContain('none of the pictures could be read');
    expect(server.timesAsked(server.url('picture/0'))).toBe(0);
    expect((await readdir(folder)).filter((name) => name.startsWith('private'))).toEqual(['private.failures.jsonl']);
  });

  it('names the malformed line before it downloads anything', async () => {
    await saveText(
      folder,
      'torn.tsv',
      `caption of 0\t${server.url('picture/0')}\ncaption of 1 ${server.url('picture/1')}\n`,
    );
    const { exitCode, stdout, stderr } = await housestyle(args('torn.tsv', 'torn'), { environment });
    expect([exitCode, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/invalid_request: .*torn\.tsv: line 2: no URL; expected a caption, a tab and a URL/);
    expect(server.timesAsked(server.url('picture/0'))).toBe(0);
  });
});
