import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { LandingRepository } from '@housestyle/database';
import { expect, inject, it, onTestFinished } from 'vitest';
import { startApp } from '../support/app-process.js';
import { startCaptioner } from '../support/captioner.js';
import { describeWith } from '../support/describe-with.js';
import { freePort } from '../support/free-port.js';
import { publish, uploadEvent } from '../support/pipeline.js';
import { createTestDatabase } from '../support/postgres.js';
import { requirements } from '../support/requirements.js';
import { waitFor } from '../support/wait-for.js';

const brokers = inject('kafkaBrokers');

describeWith([requirements.kafka()], 'a pipeline whose broker is away', () => {
  it('captions what lands over HTTP, says why it is not ready, and lands events once the broker is there', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'housestyle-brokerless-'));
    const [database, captioner] = await Promise.all([createTestDatabase(), startCaptioner()]);
    const [brokerPort, metricsPort] = [await freePort(), await freePort()];
    const topic = `uploads-${randomUUID()}`;
    const url = `http://127.0.0.1:${metricsPort}`;
    const app = await startApp('pipeline', {
      environment: {
        DATABASE_URL: database.adminUrl,
        METRICS_PORT: String(metricsPort),
        KAFKA_BROKERS: `127.0.0.1:${brokerPort}`,
        UPLOAD_TOPIC: topic,
        KAFKA_CONSUMER_GROUP: topic,
        CAPTIONER_ADDRESS: captioner.address,
        UPLOAD_STORE: join(folder, 'uploads'),
        FILE_ROOTS: resolve('samples'),
      },
      readyUrl: `${url}/healthz`,
    });
    // the way to the real broker, opened later; the broker itself then tells its own address
    const way = createServer((socket) => {
      const [host, port] = brokers.split(':');
      const upstream = connect(Number(port), host);
      for (const end of [socket, upstream]) end.on('error', () => [socket, upstream].map((other) => other.destroy()));
      socket.pipe(upstream).pipe(socket);
    });
    onTestFinished(async () => {
      await app.stop();
      await captioner.close();
      await database.drop();
      way.close();
      await rm(folder, { recursive: true, force: true });
    });

    const tenantId = await database.provision();
    const uri = pathToFileURL(resolve('samples', 'samples-00000.png')).href;
    const untilCaptioned = (assetId: string) =>
      waitFor(`the caption of ${assetId}`, async () => {
        const rows = await database.query(`SELECT asset_id FROM asset WHERE status = 'captioned'`);
        return rows.some((row) => row['asset_id'] === assetId);
      });
    const upload = (assetId: string) => ({ tenantId, assetId, version: '1', uri });
    const landing = new LandingRepository(database.database);

    await landing.land([upload('early')]);
    await untilCaptioned('early');
    // the client has given up for the first time, and is asked again
    const isGivenUp = () =>
      app.output().includes('the Kafka broker could not be used') || app.process.exitCode !== null;
    await waitFor('the first failure', isGivenUp, { timeoutMs: 90_000 });
    await landing.land([upload('late')]);
    await untilCaptioned('late');
    expect(app.process.exitCode).toBeNull();
    const answer = await fetch(`${url}/readyz`);
    expect([answer.status, await answer.text()]).toEqual([503, 'the Kafka broker does not answer\n']);

    await new Promise<void>((done) => way.listen(brokerPort, '127.0.0.1', done));
    await waitFor('it to be ready', async () => (await fetch(`${url}/readyz`)).ok, { timeoutMs: 60_000 });
    await publish(brokers, [uploadEvent(topic, { ...upload('from an event') })]);
    await untilCaptioned('from an event');
  });
});
