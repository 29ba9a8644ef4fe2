import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { LandingRepository } from '@housestyle/database';
import type { TenantId } from '@housestyle/domain';
import { decodeImage } from '@housestyle/imaging';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCaptioner, type RunningCaptioner } from '../support/captioner.js';
import { startPipeline, type RunningPipeline } from '../support/pipeline.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { waitFor } from '../support/wait-for.js';

const SAMPLES = Array.from({ length: 12 }, (_, index) => `samples/samples-${String(index).padStart(5, '0')}.png`);
const MEMORY_BYTES = 2 ** 29;
const TIMEOUT_MS = 8_000;
/** of CPU time: a process that has taken as much is past its start, and has a picture in hand */
const AT_WORK_MS = 350;

interface Row extends Record<string, unknown> {
  asset_id: string;
  status: string;
  error_code: string | null;
  attempts: number;
}

describe('pictures that hang, overfill or kill their decoder, among good ones', () => {
  let folder = '';
  let captioner: RunningCaptioner;
  let database: TestDatabase;
  let tenantId: TenantId;
  let pipeline: RunningPipeline;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'housestyle-lost-decoders-'));
    [database, captioner] = await Promise.all([createTestDatabase(), startCaptioner()]);
    tenantId = await database.provision();
    pipeline = await startPipeline(database, {
      CAPTIONER_ADDRESS: captioner.address,
      UPLOAD_STORE: join(folder, 'uploads'),
      FILE_ROOTS: `${folder},${resolve('samples')}`,
      DECODE_PROCESSES: '2',
      DECODE_TIMEOUT_MS: String(TIMEOUT_MS),
      DECODE_MAX_MEMORY_BYTES: String(MEMORY_BYTES),
    });
  });

  afterAll(async () => {
    await pipeline?.app.stop();
    await captioner?.close();
    await database?.drop();
    await rm(folder, { recursive: true, force: true });
  });

  const land = async (assetId: string, path: string): Promise<void> =>
    void (await new LandingRepository(database.database).land([
      { tenantId, assetId, version: '1', uri: pathToFileURL(resolve(path)).href },
    ]));

  const landSamples = (name: string) => Promise.all(SAMPLES.map((path, index) => land(`${name} ${index}`, path)));

  const outcome = (assetId: string): Promise<Row> =>
    waitFor(`the end of ${assetId}`, async () => {
      const rows = await database.query<Row>(`SELECT asset_id, status, error_code, attempts FROM asset`);
      return rows.find((row) => row.asset_id === assetId && row.status !== 'received');
    });

  const outcomesOfSamples = (name: string) => Promise.all(SAMPLES.map((_, index) => outcome(`${name} ${index}`)));

  const flat = async (name: string, side: number, isProgressive: boolean): Promise<string> => {
    const picture = sharp({ create: { width: side, height: side, channels: 3, background: 'teal' } });
    const jpeg = picture.jpeg({ progressive: isProgressive, chromaSubsampling: '4:4:4' });
    await writeFile(join(folder, name), await jpeg.toBuffer());
    return join(folder, name);
  };

  const captioned = { status: 'captioned', error_code: null, attempts: 1 };

  it('each get their code at the first attempt; the good ones their captions, from the same pipeline', async () => {
    const pid = pipeline.app.process.pid!;

    const [idle] = childrenOf(pid);
    process.kill(idle!, 'SIGSTOP');
    await land('hangs', SAMPLES[0]!);
    expect(await outcome('hangs')).toMatchObject({ status: 'failed', error_code: 'decode_timeout', attempts: 1 });

    await land('overfills', await flat('overfills.jpg', 8_000, true));
    await landSamples('beside it');
    expect(await outcome('overfills')).toMatchObject({ error_code: 'decode_out_of_memory', attempts: 1 });
    for (const row of await outcomesOfSamples('beside it')) expect(row).toMatchObject(captioned);

    const crashing = await flat('crashes.jpg', 7_000, false);
    const killer = setInterval(() => {
      for (const child of childrenOf(pid)) if (cpuMsOf(child) > AT_WORK_MS) process.kill(child, 'SIGSEGV');
    }, 10);
    await land('crashes', crashing);
    expect(await outcome('crashes').finally(() => clearInterval(killer))).toMatchObject({
      error_code: 'decoder_crashed',
      attempts: 1,
    });

    await landSamples('after it');
    for (const row of await outcomesOfSamples('after it')) expect(row).toMatchObject(captioned);
    expect(pipeline.app.process.exitCode).toBeNull();
    expect(await pipeline.metric('housestyle_pipeline_lost_decoders_total')).toBeGreaterThanOrEqual(2);
  });

  it('leave the pipeline free for other work while 100 megapixels are decoded', async () => {
    const picture = await flat('large.jpg', 10_000, false);
    // in time of a processor, which does not depend on who else uses it
    const here = cpuMsOf(process.pid);
    await decodeImage(readFileSync(picture));
    const decodingMs = cpuMsOf(process.pid) - here;
    const before = cpuMsOf(pipeline.app.process.pid!);
    await land('large', picture);
    expect(await outcome('large')).toMatchObject(captioned);
    expect(cpuMsOf(pipeline.app.process.pid!) - before).toBeLessThan(decodingMs);
  });

  it('end with the pipeline, however it ends', async () => {
    const children = childrenOf(pipeline.app.process.pid!);
    expect(children.length).toBeGreaterThan(0);
    await pipeline.app.stop('SIGKILL');
    await waitFor('their end', () => children.every((child) => statOf(child) === undefined));
  });
});

const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ').filter(Boolean).map(Number);

/** The fields of /proc/PID/stat from the state on; undefined when it is gone, or dead and only not buried. */
function statOf(pid: number): string[] | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]!.split(' ');
    return fields[0] === 'Z' ? undefined : fields;
  } catch {
    return undefined;
  }
}

/** User and system time, in ticks of 10 ms. */
function cpuMsOf(pid: number): number {
  const stat = statOf(pid);
  return stat ? (Number(stat[11]) + Number(stat[12])) * 10 : 0;
}
