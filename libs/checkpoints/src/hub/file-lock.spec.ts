import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { withFileLock } from './file-lock.js';

let folder: string;
let lock: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'housestyle-lock-'));
  lock = path.join(folder, 'locks', 'a.lock');
  await withFileLock(lock, async () => undefined);
});
afterEach(() => rm(folder, { recursive: true }));

const left = () => readdir(path.dirname(lock));
const held = (by: object) =>
  writeFile(lock, JSON.stringify({ token: 'theirs', pid: process.pid, host: hostname(), ...by }));
/** a process id beyond what a system gives. */
const NOBODY = 2 ** 30;

it('lets one at a time work', async () => {
  let working = 0;
  let most = 0;
  const work = async () => {
    most = Math.max(most, ++working);
    await sleep(2);
    working--;
  };
  await Promise.all(Array.from({ length: 20 }, () => withFileLock(lock, work, { pollMs: 1 })));
  expect([most, await left()]).toEqual([1, []]);
});

it('is given back when the work fails', async () => {
  await expect(withFileLock(lock, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await left()).toEqual([]);
});

it('is taken over from the dead, by one of those that wait', async () => {
  let working = 0;
  const work = async () => {
    expect(++working).toBe(1);
    await sleep(2);
    working--;
  };
  for (let round = 0; round < 20; round++) {
    await held({ pid: NOBODY });
    await Promise.all(Array.from({ length: 8 }, () => withFileLock(lock, work, { pollMs: 1 })));
    expect(await left()).toEqual([]);
  }
});

it('is taken over though whoever was clearing it away died over that', async () => {
  await held({ pid: NOBODY });
  await writeFile(`${lock}.clearing`, JSON.stringify({ token: 'theirs', pid: NOBODY, host: hostname() }));
  expect(await withFileLock(lock, async () => 'mine', { pollMs: 1 })).toBe('mine');
  expect(await left()).toEqual([]);
});

it('is taken over from another machine once it has not stirred for long, and not before', async () => {
  await held({ pid: NOBODY, host: 'elsewhere' });
  await expect(withFileLock(lock, async () => 'mine', { refusal: 'taken' })).rejects.toMatchObject({
    code: 'conflict',
    message: 'taken',
  });
  const longAgo = new Date(Date.now() - 60_000);
  await utimes(lock, longAgo, longAgo);
  expect(await withFileLock(lock, async () => 'mine', { refusal: 'taken' })).toBe('mine');
});
