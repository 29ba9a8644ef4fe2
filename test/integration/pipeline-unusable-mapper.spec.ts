import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describeBaseModel } from '@housestyle/checkpoints';
import { LandingRepository, MapperVersionRepository } from '@housestyle/database';
import { BASE_MAPPER_ID, MAX_ATTEMPTS, type TenantId } from '@housestyle/domain';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { DEMO_MODEL, putMapperArtefact, startCaptioner, type RunningCaptioner } from '../support/captioner.js';
import { startPipeline, type RunningPipeline } from '../support/pipeline.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { waitFor } from '../support/wait-for.js';

const SAMPLE = pathToFileURL(resolve('samples', 'samples-00000.png')).href;

let folder: string;
let database: TestDatabase;
let captioner: RunningCaptioner;
let pipeline: RunningPipeline;
let mappers: MapperVersionRepository;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'housestyle-unusable-'));
  [database, captioner] = await Promise.all([createTestDatabase(), startCaptioner()]);
  mappers = new MapperVersionRepository(database.database);
  pipeline = await startPipeline(database, {
    CAPTIONER_ADDRESS: captioner.address,
    UPLOAD_STORE: join(folder, 'uploads'),
    FILE_ROOTS: resolve('samples'),
    LOG_LEVEL: 'error',
  });
});
afterAll(async () => {
  await pipeline?.app.stop();
  await captioner?.close();
  await database?.drop();
  await rm(folder, { recursive: true, force: true });
});

/** Another version each time: the demo's second mapper with one more line in its config. */
async function version(tenant: TenantId, name: string): Promise<{ id: string; folder: string }> {
  const directory = join(folder, name);
  await cp(join(DEMO_MODEL, 'mapper-transformer'), directory, { recursive: true });
  const config = join(directory, 'config.json');
  await writeFile(config, `${await readFile(config, 'utf8')}\n${' '.repeat(name.length)}`);
  const key = `mappers/${name}`;
  const { sha256 } = await putMapperArtefact(captioner.artefacts, key, directory);
  const { name: baseModel, sha256: baseSha256 } = await describeBaseModel(DEMO_MODEL);
  const { id } = await mappers.register(tenant, { name, baseModel, baseSha256, sha256, key, kind: 'transformer' });
  return { id, folder: join(captioner.artefacts, key) };
}

async function flipABit(file: string): Promise<void> {
  const bytes = await readFile(file);
  bytes[bytes.length - 5]! ^= 4;
  await writeFile(file, bytes);
}

/** @returns the mapper that wrote the caption */
async function captionedBy(tenant: TenantId, assetId: string): Promise<string> {
  await new LandingRepository(database.database).land([{ tenantId: tenant, assetId, version: '1', uri: SAMPLE }]);
  const [row] = await waitFor('the asset to have an outcome', async () => {
    const rows = await database.query<{ status: string; error_code: string | null; mapper_id: string | null }>(
      `SELECT status::text, error_code, mapper_id FROM asset LEFT JOIN suggestion s ON s.asset_row_id = asset.id
       WHERE asset.tenant_id = $1 AND asset_id = $2 AND status <> 'received'`,
      [tenant, assetId],
    );
    return rows.length > 0 && rows;
  });
  return row!.mapper_id ?? `${row!.status}: ${row!.error_code}`;
}

it('lets the version before write while a champion’s artefact is damaged, and the base’s own while both are', async () => {
  const tenant = await database.provision();
  const [first, second] = [await version(tenant, 'a'), await version(tenant, 'bb')];
  await flipABit(join(second.folder, 'model.safetensors'));
  await mappers.promote(tenant, first.id, 'better');
  await mappers.promote(tenant, second.id, 'better');
  expect(await captionedBy(tenant, 'one')).toBe(first.id);
  // what a captioner holds stays good; another version that nobody holds, and no champion before it
  const other = await database.provision();
  const damaged = await version(other, 'ccc');
  await rm(join(damaged.folder, 'manifest.json'));
  await mappers.promote(other, damaged.id, 'better');
  expect(await captionedBy(other, 'one')).toBe(BASE_MAPPER_ID);
  expect(await pipeline.metric('housestyle_pipeline_mapper_fallbacks_total')).toBeGreaterThan(0);
  expect(pipeline.app.output()).toContain('a champion cannot be used');

  // repaired, it writes from the next picture on
  await flipABit(join(second.folder, 'model.safetensors'));
  expect(await captionedBy(tenant, 'two')).toBe(second.id);
});

it('waits for a store that forbids reading, and lets the base’s own write when the attempts are at their end', async () => {
  const store = createServer((_, response) => response.writeHead(403).end());
  await new Promise<void>((done) => store.listen(0, '127.0.0.1', done));
  const locked = await startCaptioner({
    ARTEFACT_STORE: 's3://artefacts',
    S3_ENDPOINT: `http://127.0.0.1:${(store.address() as AddressInfo).port}`,
    AWS_ACCESS_KEY_ID: 'rotated',
    AWS_SECRET_ACCESS_KEY: 'away',
  });
  const test = await createTestDatabase();
  const other = await startPipeline(test, {
    CAPTIONER_ADDRESS: locked.address,
    UPLOAD_STORE: join(folder, 'other-uploads'),
    FILE_ROOTS: resolve('samples'),
  });
  onTestFinished(async () => {
    await other.app.stop();
    await locked.close();
    await test.drop();
    store.close();
  });
  const tenant = await test.provision();
  const versions = new MapperVersionRepository(test.database);
  const { name: baseModel, sha256: baseSha256 } = await describeBaseModel(DEMO_MODEL);
  for (const name of ['first', 'second']) {
    const sha256 = Buffer.alloc(32, name).toString('hex');
    const artefact = { name, baseModel, baseSha256, sha256, key: `mappers/${name}`, kind: 'mlp' } as const;
    await versions.promote(tenant, (await versions.register(tenant, artefact)).id, 'better');
  }
  await new LandingRepository(test.database).land([{ tenantId: tenant, assetId: 'one', version: '1', uri: SAMPLE }]);
  const outcome = `SELECT status::text, error_code, attempts, mapper_id FROM asset
    LEFT JOIN suggestion s ON s.asset_row_id = asset.id`;
  const [waiting] = await waitFor('an attempt', async () => {
    const rows = await test.query(`${outcome} WHERE error_code IS NOT NULL`);
    return rows.length > 0 && rows;
  });
  expect(waiting).toMatchObject({ status: 'received', error_code: 'store_unavailable' });
  // the pauses between attempts are minutes
  await test.query(`UPDATE asset SET attempts = $1, next_attempt_at = now() WHERE lease_token IS NULL`, [
    MAX_ATTEMPTS - 1,
  ]);
  const [done] = await waitFor('the outcome', async () => {
    const rows = await test.query(`${outcome} WHERE status <> 'received'`);
    return rows.length > 0 && rows;
  });
  expect(done).toMatchObject({ status: 'captioned', attempts: MAX_ATTEMPTS, mapper_id: BASE_MAPPER_ID });
});
