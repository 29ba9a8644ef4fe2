import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DomainError } from '@housestyle/domain';
import { expect, it } from 'vitest';
import { readFileSource } from './file-source.js';

it('ends with the reason, and nothing else, when the caller has given up before the file is read', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'housestyle-file-source-'));
  const file = join(folder, 'picture.png');
  await writeFile(file, 'pixels');
  const gone = new DomainError('deadline_exceeded', 'nobody waits');
  const read = (signal: AbortSignal) => readFileSource(pathToFileURL(file), [folder], 100, signal);
  await expect(read(AbortSignal.abort(gone))).rejects.toBe(gone);
  expect((await read(new AbortController().signal)).toString()).toBe('pixels');
  await rm(folder, { recursive: true });
});
