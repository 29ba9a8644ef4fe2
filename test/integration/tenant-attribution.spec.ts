import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CaptionerClient, embeddingFromBytes, type CaptionResponse } from '@housestyle/contracts/captioner';
import {
  LandingRepository,
  MapperVersionRepository,
  type CaptioningRepository,
  type Completion,
  type LeaseRepository,
  type LeasedAsset,
} from '@housestyle/database';
import { DEFAULT_GENERATION, tenantId, type MapperReference, type TenantId } from '@housestyle/domain';
import { createLogger } from '@housestyle/telemetry';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CaptionStage } from '../../apps/pipeline/dist/captioning/caption-stage.js';
import { HeldLeases } from '../../apps/pipeline/dist/captioning/held-leases.js';
import { OutcomeService } from '../../apps/pipeline/dist/captioning/outcome.service.js';
import type { PreparedItem } from '../../apps/pipeline/dist/captioning/work-item.js';
import { PipelineMetrics } from '../../apps/pipeline/dist/pipeline-metrics.js';
import { Random } from '../support/random.js';
import {
  ECHO_BASE_SHA256,
  ECHO_IMAGE_SIZE,
  echoCaption,
  echoPixels,
  startEchoCaptioner,
  type EchoCaptioner,
  type EchoFaults,
} from '../support/echo-captioner.js';
import { startPipeline } from '../support/pipeline.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { waitFor } from '../support/wait-for.js';
import { fewOrMany, RUN_TIMEOUT_MS } from './tenant-run.js';

const SEED = 20_261_121;
const TENANTS = 20;
const IMAGES = fewOrMany(1_500, 100_000);
const PIPELINE_IMAGES = fewOrMany(60, 2_000);
const PIPELINE_TENANTS = 8;
const DEADLINE_MS = 1_000;
/** pictures in the stage at once, as leases would keep them */
const AT_ONCE = 500;

/** Everything a captioner can do to its callers but lie. */
const FAULTS: EchoFaults = {
  maxDelayMs: 40,
  failsEvery: fewOrMany(15, 100),
  isLateEvery: fewOrMany(25, 300),
  lateMs: DEADLINE_MS + 200,
  leftOut: 0.03,
  failedItems: 0.03,
};

const BASE = { name: 'demo', version: '1', sha256: ECHO_BASE_SHA256, imageSize: ECHO_IMAGE_SIZE, embeddingSize: 2 };

const numbered = (digit: string, index: number) =>
  `${digit.repeat(8)}-0000-4000-8000-${String(index).padStart(12, '0')}`;

/** Each tenant has a mapper of its own, and every picture a number of its own. */
const tenants = Array.from({ length: TENANTS }, (_, index) => tenantId(numbered('a', index)));
const mapperOf = (tenant: TenantId): MapperReference => ({
  id: `mapper of ${tenant}`,
  sha256: 'c'.repeat(64),
  key: tenant,
});

function itemOf(number: number): PreparedItem {
  const tenant = tenants[number % TENANTS]!;
  const id = numbered('b', number);
  return {
    lease: { tenantId: tenant, assetRowId: id, leaseToken: id, attempts: 1, isExhausted: false, baseModel: 'demo' },
    task: { tenantId: tenant, assetRowId: id, assetId: id, version: '1', uri: 'file:///a', embeddings: [] },
    base: BASE,
    mapper: mapperOf(tenant),
    picture: {
      pixels: echoPixels(number),
      preview: { bytes: Buffer.alloc(1), contentType: 'image/webp', width: 1, height: 1 },
      width: 1,
      height: 1,
    },
  };
}

interface Account {
  readonly written: number;
  /** whose words, numbers, mapper or tenant are another picture's */
  readonly misattributed: number;
  readonly retried: number;
}

/** `count` pictures of twenty tenants through the pipeline's own stage and outcomes; what would be written is judged here. */
async function captionAll(captioner: Pick<CaptionerClient, 'caption'>, count: number): Promise<Account> {
  const account = { written: 0, misattributed: 0, retried: 0 };
  const waiting: number[] = Array.from({ length: count }, (_, number) => count - 1 - number);
  let inside = 0;
  let onProgress = (): void => undefined;
  const numberOf = (id: string): number => Number(id.slice(-12));
  const leave = (): void => {
    inside -= 1;
    onProgress();
  };
  const again = async (_: TenantId, { assetRowId }: LeasedAsset): Promise<boolean> => {
    account.retried += 1;
    waiting.push(numberOf(assetRowId));
    leave();
    return true;
  };
  const captioning = {
    completeMany: async (tenant: TenantId, completions: readonly Completion[]) => {
      for (const completion of completions) {
        account.written += 1;
        if (!isOwn(tenant, completion)) account.misattributed += 1;
        leave();
      }
      return { completed: completions.map(({ assetRowId }) => assetRowId), lost: [] };
    },
    retryLater: again,
    fail: again,
  } as unknown as CaptioningRepository;
  const isOwn = (tenant: TenantId, completion: Completion): boolean => {
    const number = numberOf(completion.assetRowId);
    const { id } = mapperOf(tenants[number % TENANTS]!);
    const [low, high] = embeddingFromBytes(completion.embedding);
    return (
      tenant === tenants[number % TENANTS] &&
      completion.hypotheses.length === 1 &&
      completion.hypotheses[0]!.text === echoCaption(number, id) &&
      completion.mapperId === id &&
      low! + high! * 65_536 === number
    );
  };

  const logger = createLogger('spec', 'silent');
  const metrics = new PipelineMetrics();
  const held = new HeldLeases({} as LeaseRepository, { capacity: AT_ONCE, leaseMs: 1, workerId: 'w' }, metrics, logger);
  const outcomes = new OutcomeService(captioning, held, DEFAULT_GENERATION, metrics, logger);
  const options = { maxBatch: 32, maxCalls: 4, maxDelayMs: 5, deadlineMs: DEADLINE_MS, generation: DEFAULT_GENERATION };
  const stage = new CaptionStage(captioner, outcomes, held, options, metrics, logger);
  while (account.written < count) {
    while (waiting.length > 0 && inside < AT_ONCE) {
      inside += 1;
      stage.add(itemOf(waiting.pop()!));
    }
    await new Promise<void>((resolve) => (onProgress = resolve));
  }
  await stage.stop();
  return account;
}

/** Closes what it opens. */
async function withEcho<T>(work: (captioner: EchoCaptioner, client: CaptionerClient) => Promise<T>): Promise<T> {
  const random = new Random(SEED);
  const captioner = await startEchoCaptioner(FAULTS, () => random.uniform());
  const client = new CaptionerClient(captioner.address);
  try {
    return await work(captioner, client);
  } finally {
    client.close();
    captioner.close();
  }
}

describe('mixed batches, answered late, in parts and out of order', () => {
  it(
    `give each of ${IMAGES} pictures its own caption, embedding and mapper`,
    () =>
      withEcho(async (captioner, client) => {
        const begun = performance.now();
        const account = await captionAll(client, IMAGES);
        const seconds = (performance.now() - begun) / 1000;
        console.log(JSON.stringify({ ...account, ...captioner.counts, seconds }));
        expect(account.misattributed).toBe(0);
        expect(account.written).toBe(IMAGES);
        expect(account.retried).toBeGreaterThan(IMAGES / 50);
        expect(captioner.counts.failedCalls + captioner.counts.lateCalls).toBeGreaterThan(0);
        expect(captioner.counts.strays).toBeGreaterThan(0);
      }),
    RUN_TIMEOUT_MS,
  );

  it('would be found out if answers were taken by their place instead of their id', () =>
    withEcho(async (_, client) => {
      const byPlace: Pick<CaptionerClient, 'caption'> = {
        async caption(request, options): Promise<CaptionResponse> {
          const { results, ...answer } = await client.caption(request, options);
          const taken = results.slice(0, request.items.length);
          return { ...answer, results: taken.map((result, index) => ({ ...result, id: request.items[index]!.id })) };
        },
      };
      expect((await captionAll(byPlace, 200)).misattributed).toBeGreaterThan(100);
    }));
});

describe('the whole pipeline', () => {
  let folder: string;
  let database: TestDatabase;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'housestyle-attribution-'));
    database = await createTestDatabase();
  });
  afterAll(async () => {
    await database.drop();
    await rm(folder, { recursive: true, force: true });
  });

  /** A tenant with a champion of its own. */
  async function openTenant(): Promise<{ tenant: TenantId; mapperId: string }> {
    const tenant = await database.provision();
    const artefact = { key: tenant, sha256: tenant, name: 'own', kind: 'delta', baseModel: 'demo' } as const;
    const mappers = new MapperVersionRepository(database.database);
    const { id } = await mappers.register(tenant, { ...artefact, baseSha256: ECHO_BASE_SHA256 });
    await database.query(`INSERT INTO promotion (tenant_id, mapper_version_id, reason) VALUES ($1, $2, 'a test')`, [
      tenant,
      id,
    ]);
    return { tenant, mapperId: id };
  }

  async function writePicture(number: number): Promise<string> {
    const file = join(folder, `${number}.png`);
    const raw = { width: ECHO_IMAGE_SIZE, height: ECHO_IMAGE_SIZE, channels: 3 } as const;
    await writeFile(file, await sharp(echoPixels(number), { raw }).png().toBuffer());
    return pathToFileURL(file).href;
  }

  it(
    `gives each of ${PIPELINE_IMAGES} pictures of ${PIPELINE_TENANTS} tenants its own caption, embedding and mapper`,
    () =>
      withEcho(async (captioner) => {
        await mkdir(folder, { recursive: true });
        const owners = await Promise.all(Array.from({ length: PIPELINE_TENANTS }, openTenant));
        const uploads = [];
        for (let number = 0; number < PIPELINE_IMAGES; number++) {
          const { tenant } = owners[number % PIPELINE_TENANTS]!;
          uploads.push({ tenantId: tenant, assetId: String(number), version: '1', uri: await writePicture(number) });
        }
        const pipeline = await startPipeline(database, {
          CAPTIONER_ADDRESS: captioner.address,
          UPLOAD_STORE: join(folder, 'uploads'),
          FILE_ROOTS: folder,
          CAPTION_TIMEOUT_MS: String(DEADLINE_MS),
        });
        const begun = performance.now();
        await new LandingRepository(database.database).land(uploads);
        const waiting = `SELECT count(*)::int FROM asset WHERE status = 'received'`;
        try {
          await waitFor(
            'every caption',
            async () => (await database.query<{ count: number }>(waiting))[0]!.count === 0,
            { timeoutMs: RUN_TIMEOUT_MS - 30_000, everyMs: 250 },
          );
        } finally {
          await pipeline.app.stop();
        }
        const seconds = (performance.now() - begun) / 1000;

        const rows = await database.query<{
          asset_id: string;
          tenant_id: string;
          text: string;
          mapper_id: string;
          values: Buffer;
        }>(
          `SELECT a.asset_id, a.tenant_id, s.text, s.mapper_id, e.values FROM asset a
           JOIN suggestion s ON s.tenant_id = a.tenant_id AND s.asset_row_id = a.id
           JOIN embedding e ON e.tenant_id = a.tenant_id AND e.asset_row_id = a.id`,
        );
        const misattributed = rows.filter(({ asset_id, tenant_id, text, mapper_id, values }) => {
          const owner = owners[Number(asset_id) % PIPELINE_TENANTS]!;
          const [low, high] = embeddingFromBytes(values);
          const isOwn =
            tenant_id === owner.tenant && mapper_id === owner.mapperId && low! + high! * 65_536 === Number(asset_id);
          return !isOwn || text !== echoCaption(Number(asset_id), owner.mapperId);
        });
        console.log(
          JSON.stringify({ written: rows.length, misattributed: misattributed.length, ...captioner.counts, seconds }),
        );
        expect(misattributed).toEqual([]);
        expect(rows).toHaveLength(PIPELINE_IMAGES);
      }),
    RUN_TIMEOUT_MS,
  );
});
