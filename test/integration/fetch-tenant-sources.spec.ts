import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { BucketMappingRepository, LandingRepository } from '@housestyle/database';
import { formatS3Uri, toDomainError, type TenantId } from '@housestyle/domain';
import { ImageFetcher } from '@housestyle/imaging';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { TenantSources, type UploadPlace } from '../../apps/pipeline/src/tenant-sources.js';
import { startCaptioner } from '../support/captioner.js';
import { startPipeline } from '../support/pipeline.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { waitFor } from '../support/wait-for.js';

const REFUSED = 'uri_not_allowed';

let test: TestDatabase;
let folder = '';
let mine: TenantId;
let theirs: TenantId;
const opened: string[] = [];

beforeAll(async () => {
  test = await createTestDatabase();
  folder = await mkdtemp(join(tmpdir(), 'housestyle-tenant-sources-'));
  mine = await test.provision({
    bucketMappings: [{ bucket: 'mine' }, { bucket: 'shared', prefix: 'mine/' }, { bucket: 'shared', prefix: 'both/' }],
  });
  theirs = await test.provision({
    bucketMappings: [
      { bucket: 'theirs' },
      { bucket: 'shared', prefix: 'theirs/' },
      { bucket: 'shared', prefix: 'both/theirs/' },
    ],
  });
  for (const tenant of [mine, theirs]) await mkdir(join(folder, 'uploads', tenant), { recursive: true });
  const picture = await readFile('samples/samples-00000.png');
  for (const path of [`uploads/${mine}/a`, `uploads/${theirs}/a`, 'common.png'])
    await writeFile(join(folder, path), picture);
});
afterAll(async () => {
  await test?.drop();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(() => void opened.splice(0));

/** The pipeline's own parts; of the store only that it was asked. */
function sources(uploads: UploadPlace): TenantSources {
  const fetcher = new ImageFetcher({
    allowedFileRoots: [folder],
    isPrivateAddressAllowed: false,
    maxBytes: 1_000_000,
    timeoutMs: 20_000,
    maxRedirects: 3,
    s3: {
      open: async (bucket, key) => {
        opened.push(`${bucket}/${key}`);
        return { stream: Readable.from([Buffer.from('pixels')]), size: 6 };
      },
    },
  });
  return new TenantSources(fetcher, new BucketMappingRepository(test.database), uploads);
}

const outcomeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'fetched',
    (error: unknown) => toDomainError(error).code,
  );

it('opens a tenant the buckets and prefixes that are mapped to it, and no others', async () => {
  const part = sources({ bucket: 'uploads', keyRoot: 'kept/' });
  const vectors: [uri: string, outcome: string][] = [
    ['s3://mine/a.jpg', 'fetched'],
    ['s3://shared/mine/a.jpg', 'fetched'],
    ['s3://shared/both/a.jpg', 'fetched'],
    [`s3://uploads/kept/${mine}/a`, 'fetched'],
    ['s3://theirs/a.jpg', REFUSED],
    ['s3://shared/theirs/a.jpg', REFUSED],
    // the longest prefix wins
    ['s3://shared/both/theirs/a.jpg', REFUSED],
    ['s3://shared/a.jpg', REFUSED],
    ['s3://nobodys/a.jpg', REFUSED],
    ['s3://shared/mine/../theirs/a.jpg', REFUSED],
    ['s3://shared/mine/%2e%2e/theirs/a.jpg', REFUSED],
    ['s3://shared/mine%2F..%2Ftheirs/a.jpg', REFUSED],
    ['s3://shared/./theirs/a.jpg', REFUSED],
    ['s3://mine@theirs/a.jpg', REFUSED],
    ['s3://theirs/a.jpg?versionId=1', REFUSED],
    ['s3://theirs/a.jpg#s3://mine/', REFUSED],
    ['S3://theirs/a.jpg', REFUSED],
    [' s3://theirs/a.jpg', REFUSED],
    ['s\n3://theirs/a.jpg', REFUSED],
    [`s3://uploads/kept/${theirs}/a`, REFUSED],
    [`s3://uploads/kept/${mine}/../${theirs}/a`, REFUSED],
    ['s3://uploads/kept/a', REFUSED],
    ['s3://uploads/a', REFUSED],
  ];
  for (const [uri, outcome] of vectors)
    expect([uri, await outcomeOf(part.fetch(mine, uri, {}))]).toEqual([uri, outcome]);
  expect(opened).toEqual(['mine/a.jpg', 'shared/mine/a.jpg', 'shared/both/a.jpg', `uploads/kept/${mine}/a`]);
  expect(await outcomeOf(part.fetch(theirs, 's3://shared/both/theirs/a.jpg', {}))).toBe('fetched');
});

it('opens no tenant another’s uploads in a folder', async () => {
  const part = sources({ folder: join(folder, 'uploads') });
  const inFolder = (path: string): string => `${pathToFileURL(folder).href}/${path}`;
  const vectors: [uri: string, outcome: string][] = [
    [inFolder(`uploads/${mine}/a`), 'fetched'],
    [inFolder('common.png'), 'fetched'],
    [inFolder(`uploads/${theirs}/a`), REFUSED],
    [inFolder(`uploads/${mine}/../${theirs}/a`), REFUSED],
    [inFolder(`uploads/${mine}/%2e%2e/${theirs}/a`), REFUSED],
    [inFolder(`uploads/${mine}/..%2f${theirs}/a`), REFUSED],
    [inFolder(`./uploads//${theirs}/a`), REFUSED],
    [inFolder(`uploads/${theirs}/a`).replace('file:', 'FILE:'), REFUSED],
    [inFolder(`uploads/${theirs}/a`).replace('file:', 'fi\nle:'), REFUSED],
    [inFolder(`uploads/${theirs}/a`).replace('file://', 'file:'), REFUSED],
    [inFolder(`uploads/${theirs}/a`).replace('file://', 'file://localhost'), REFUSED],
  ];
  for (const [uri, outcome] of vectors)
    expect([uri, await outcomeOf(part.fetch(mine, uri, {}))]).toEqual([uri, outcome]);
});

it('fails, in the pipeline, what a tenant’s event names of another’s', async () => {
  const captioner = await startCaptioner();
  const pipeline = await startPipeline(test, {
    CAPTIONER_ADDRESS: captioner.address,
    UPLOAD_STORE: join(folder, 'uploads'),
    FILE_ROOTS: folder,
    S3_BUCKETS: 'mine,theirs,shared',
    S3_ENDPOINT: 'http://127.0.0.1:9',
    DECODE_PROCESSES: '1',
  });
  try {
    const uris = [
      formatS3Uri({ bucket: 'theirs', key: 'a.jpg' }),
      formatS3Uri({ bucket: 'shared', key: 'theirs/a.jpg' }),
      pathToFileURL(join(folder, 'uploads', theirs, 'a')).href,
      pathToFileURL(join(folder, 'uploads', mine, 'a')).href,
    ];
    await new LandingRepository(test.database).land(
      uris.map((uri) => ({ tenantId: mine, assetId: uri, version: '1', uri })),
    );
    const rows = await waitFor(
      'all to end',
      async () => {
        const ended = await test.query<{ asset_id: string; code: string | null; attempts: number }>(
          `SELECT asset_id, error_code AS code, attempts FROM asset WHERE status <> 'received'`,
        );
        return ended.length === uris.length && new Map(ended.map((row) => [row.asset_id, row]));
      },
      { timeoutMs: 120_000 },
    );
    expect(uris.map((uri) => rows.get(uri)?.code)).toEqual([REFUSED, REFUSED, REFUSED, null]);
    expect([...rows.values()].map(({ attempts }) => attempts)).toEqual([1, 1, 1, 1]);
  } finally {
    await pipeline.app.stop();
    await captioner.close();
  }
});
