import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { freePort } from './free-port.js';
import { waitFor } from './wait-for.js';

const VERSION = '4.12.4';
const CACHE_DIR = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'housestyle', 's3mock');

export interface S3Server {
  /** every bucket asked for at the start exists here; any credentials are taken */
  readonly endpoint: string;
  stop(): Promise<void>;
}

/** Adobe S3Mock on a free port: an S3 server that speaks the real protocol, from Maven Central, kept in the user's cache. */
export async function startS3(buckets: readonly string[]): Promise<S3Server> {
  const jar = await fetchJar();
  const rootDir = await mkdtemp(join(tmpdir(), 'housestyle-s3-'));
  const port = await freePort();
  const options = [`http-port=${port}`, `store.root=${rootDir}`, `store.initial-buckets=${buckets.join(',')}`];
  const server = spawn(
    'java',
    [
      '-Xmx256m',
      '-XX:TieredStopAtLevel=1',
      '-jar',
      jar,
      '--server.port=0',
      ...options.map((option) => `--com.adobe.testing.s3mock.${option}`),
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let output = '';
  for (const stream of [server.stdout, server.stderr]) {
    stream.on('data', (chunk: Buffer) => (output = (output + chunk.toString()).slice(-4_000)));
  }
  const exited = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  const endpoint = `http://127.0.0.1:${port}`;
  const stop = async (): Promise<void> => {
    server.kill('SIGKILL');
    await exited;
    await rm(rootDir, { recursive: true, force: true });
  };
  try {
    await waitFor('S3Mock', async () => {
      if (server.exitCode !== null) return false;
      const ready = await Promise.all(buckets.map((name) => fetch(`${endpoint}/${name}`, { method: 'HEAD' })));
      return ready.every((response) => response.ok);
    });
  } catch (error) {
    await stop();
    throw new Error(`S3Mock did not start:\n${output}`, { cause: error });
  }
  return { endpoint, stop };
}

/** Test files run side by side: each downloads into a folder of its own and the first rename wins. */
async function fetchJar(): Promise<string> {
  const name = `s3mock-${VERSION}-exec.jar`;
  const jar = join(CACHE_DIR, name);
  if (existsSync(jar)) return jar;
  await mkdir(CACHE_DIR, { recursive: true });
  const unfinished = await mkdtemp(join(CACHE_DIR, 'download-'));
  const artifact = `-Dartifact=com.adobe.testing:s3mock:${VERSION}:jar:exec`;
  await promisify(execFile)('mvn', ['-q', '-B', 'dependency:copy', artifact, `-DoutputDirectory=${unfinished}`]);
  await rename(join(unfinished, name), jar);
  await rm(unfinished, { recursive: true, force: true });
  return jar;
}
