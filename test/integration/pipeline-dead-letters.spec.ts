import { randomUUID } from 'node:crypto';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { tenantId, type TenantId } from '@housestyle/domain';
import type { OutgoingMessage } from '@housestyle/messaging';
import { afterAll, beforeAll, expect, inject, it, onTestFinished } from 'vitest';
import { startCaptioner, type RunningCaptioner } from '../support/captioner.js';
import { describeWith } from '../support/describe-with.js';
import { housestyle } from '../support/housestyle.js';
import { createTopics, withAdmin } from '../support/kafka.js';
import { publish, readTopic } from '../support/pipeline.js';
import { openPipelineWorld, type PipelineWorld, type PipelineWorldOptions } from '../support/pipeline-world.js';
import { requirements } from '../support/requirements.js';
import { waitFor } from '../support/wait-for.js';

const brokers = inject('kafkaBrokers');
const SAMPLE = 'samples/samples-00003.png';

describeWith([requirements.kafka()], 'what cannot land or failed', () => {
  let folder = '';
  let captioner: RunningCaptioner;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'housestyle-dead-letters-'));
    captioner = await startCaptioner();
  });
  afterAll(async () => {
    await captioner?.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function openWorld(options: Partial<PipelineWorldOptions> = {}): Promise<PipelineWorld> {
    const world = await openPipelineWorld({ captioner, folder, ...options });
    onTestFinished(() => world.close());
    return world;
  }

  const picture = (name: string): string => pathToFileURL(join(folder, name)).href;
  const event = (world: PipelineWorld, tenant: string, assetId: string, uri = picture('there.png')): OutgoingMessage =>
    world.uploadOf(tenant, assetId, { uri });
  const lettersOf = ({ topic }: PipelineWorld): Promise<number> =>
    withAdmin(brokers, async (admin) => Number((await admin.fetchTopicOffsets(`${topic}.dlt`))[0]!.high));

  const redrive = async (world: PipelineWorld, ...args: string[]): Promise<Record<string, unknown>[]> => {
    const environment = {
      DATABASE_URL: world.database.adminUrl,
      KAFKA_BROKERS: brokers,
      UPLOAD_TOPIC: world.topic,
      S3_NOTIFICATION_TOPIC: '',
    };
    const { exitCode, stderr, jsonLines } = await housestyle(['redrive', ...args, '--json'], { environment });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    return jsonLines();
  };

  it('is tried again by redrive, as far as its filters reach, and only once', async () => {
    const world = await openWorld();
    const [known, late] = [await world.database.provision(), tenantId(randomUUID())];
    const broken = { ...event(world, known, 'broken'), value: 'no JSON' };
    await publish(brokers, [
      event(world, known, 'missing', picture('late.png')),
      event(world, known, 'folder', pathToFileURL(folder).href),
      event(world, late, 'early 1'),
      event(world, late, 'early 2'),
      broken,
    ]);
    await waitFor(
      'the failures',
      async () => (await world.rows()).filter(({ status }) => status === 'failed').length === 2,
    );
    await waitFor('the dead letters', async () => (await lettersOf(world)) === 3);

    // repaired: the picture is there now, and so is the tenant
    await Promise.all([copyFile(SAMPLE, join(folder, 'late.png')), copyFile(SAMPLE, join(folder, 'there.png'))]);
    await world.database.provision({ id: late });

    const missing = { assets: 1, byCode: { source_not_found: 1 } };
    const onlyMissing = ['assets', '--code', 'source_not_found', '--tenant', known];
    expect(await redrive(world, ...onlyMissing, '--dry-run')).toEqual([{ ...missing, dryRun: true }]);
    expect(await redrive(world, ...onlyMissing)).toEqual([{ ...missing, dryRun: false }]);
    const captioned = (assetId: string) =>
      waitFor(`the caption of ${assetId}`, async () =>
        (await world.rows()).find((row) => row.asset_id === assetId && row.status === 'captioned'),
      );
    expect(await captioned('missing')).toMatchObject({ error_code: null, attempts: 1 });
    expect(await redrive(world, ...onlyMissing)).toMatchObject([{ assets: 0 }]);

    const ofUnknown = ['events', '--code', 'unknown_tenant'];
    expect(await redrive(world, ...ofUnknown, '--dry-run')).toMatchObject([
      { events: 2, byCode: { unknown_tenant: 2 }, already: 0, dryRun: true },
    ]);
    expect(await redrive(world, ...ofUnknown, '--tenant', late, '--limit', '1')).toMatchObject([{ events: 1 }]);
    expect(await redrive(world, 'events')).toMatchObject([
      { events: 2, byCode: { unknown_tenant: 1, malformed_event: 1 }, already: 1 },
    ]);
    await Promise.all(['early 1', 'early 2'].map(captioned));
    // it is still no JSON: another letter, which is the only one that has not been sent back
    await waitFor('the second letter of the broken one', async () => (await lettersOf(world)) === 7);
    expect(await redrive(world, 'events', '--dry-run')).toMatchObject([{ events: 1, already: 3 }]);
    const sent = await readTopic(brokers, world.topic, (messages) => messages.length === 8);
    const again = sent.filter(({ value }) => String(value) === 'no JSON')[1]!;
    const headers = Object.keys(again.headers).filter((name) => name.startsWith('housestyle-'));
    expect(headers).toEqual(['housestyle-redriven-from']);
    expect((await world.rows()).map(({ asset_id, status }) => [asset_id, status])).toEqual([
      ['early 1', 'captioned'],
      ['early 2', 'captioned'],
      ['folder', 'failed'],
      ['missing', 'captioned'],
    ]);
  });

  it('waits on its topic while nearly all of it is unreadable, and lands by itself when it can be read', async () => {
    const world = await openWorld();
    const tenant: TenantId = tenantId(randomUUID());
    await publish(
      brokers,
      Array.from({ length: 300 }, (_, n) => event(world, tenant, `asset ${n}`, 'https://pictures.invalid/x.png')),
    );
    const url = world.pipeline.readyUrl;
    const why = await waitFor('the pause', async () => {
      const answer = await fetch(url);
      return answer.status === 503 && (await answer.text());
    });
    expect(why).toBe(
      `landing waits: 200 of the last 200 messages of ${world.topic} cannot land (most: unknown_tenant)\n`,
    );
    expect(await world.pipeline.metric('housestyle_pipeline_landing_paused')).toBe(1);
    expect(await lettersOf(world)).toBe(0);
    expect(world.pipeline.app.output()).toContain('landing waits');

    await world.database.provision({ id: tenant });
    await waitFor('landing', async () => (await world.rows()).length === 300, { timeoutMs: 60_000 });
    await waitFor('readiness', async () => (await fetch(url)).ok);
    expect(await lettersOf(world)).toBe(0);
    expect(await world.pipeline.metric('housestyle_pipeline_landing_paused')).toBe(0);
  });

  it('stays on its topic while the dead-letter topic is away, and is neither lost nor doubled', async () => {
    const topic = `uploads-${randomUUID()}`;
    await createTopics(brokers, [topic]);
    const world = await openWorld({ topic, environment: { KAFKA_CREATE_TOPICS: 'false' } });
    const tenant = await world.database.provision();
    await publish(brokers, [
      event(world, tenant, 'before'),
      { ...event(world, tenant, 'broken'), value: 'no JSON' },
      event(world, tenant, 'behind'),
    ]);
    await waitFor('a refusal', () => world.pipeline.app.output().includes('events could not land'), {
      timeoutMs: 60_000,
    });
    const groups = await withAdmin(brokers, (admin) =>
      admin.fetchOffsets({ groupId: world.topic, topics: [world.topic] }),
    );
    expect(groups[0]!.partitions[0]!.offset).toBe('-1');
    await createTopics(brokers, [`${world.topic}.dlt`]);
    await waitFor('the letter', async () => (await lettersOf(world)) === 1, { timeoutMs: 60_000 });
    await waitFor('the commit', async () => {
      const [group] = await withAdmin(brokers, (admin) =>
        admin.fetchOffsets({ groupId: world.topic, topics: [world.topic] }),
      );
      return group!.partitions[0]!.offset === '3';
    });
    expect(await lettersOf(world)).toBe(1);
    expect((await world.rows()).map(({ asset_id }) => asset_id)).toEqual(['before', 'behind']);
  });
});
