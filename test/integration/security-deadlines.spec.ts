import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Client, credentials, type ServiceError } from '@grpc/grpc-js';
import {
  CaptionerClient,
  captionerServiceDefinition,
  CAPTIONER_SERVICE,
  type CaptionRequest,
} from '@housestyle/contracts/captioner';
import { Database, listen } from '@housestyle/database';
import { S3ObjectStore } from '@housestyle/object-store';
import type { TenantId } from '@housestyle/domain';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startCaptioner } from '../support/captioner.js';
import { createTestDatabase, type TestDatabase } from '../support/postgres.js';
import { waitFor } from '../support/wait-for.js';

const closing: (() => void)[] = [];
afterEach(() => closing.splice(0).forEach((close) => close()));

async function listening(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return (server.address() as AddressInfo).port;
}

/** Takes connections and says nothing, as a host does whose process hangs. */
const silentPort = (): Promise<number> => listening(createServer());

/** Passes everything on between its clients and `port`, until it is told to swallow it. */
async function swallowingProxy(port: number) {
  let links: [Socket, Socket][] = [];
  let isSwallowing = false;
  const server = createServer((socket) => {
    const upstream = connect(port, '127.0.0.1');
    links.push([socket, upstream]);
    for (const [from, to] of [
      [socket, upstream],
      [upstream, socket],
    ] as const) {
      from.on('data', (chunk) => isSwallowing || to.write(chunk));
      from.on('close', () => isSwallowing || to.destroy());
      from.on('error', () => undefined);
    }
  });
  return {
    port: await listening(server),
    swallow: () => void (isSwallowing = true),
    passOn: () => {
      for (const [, upstream] of links) upstream.destroy();
      links = [];
      isSwallowing = false;
    },
  };
}

describe('PostgreSQL', () => {
  const LIMIT = { statementTimeoutMs: 700 };
  let test: TestDatabase;
  let tenant: TenantId;

  beforeAll(async () => {
    test = await createTestDatabase();
    tenant = await test.provision();
  });
  afterAll(() => test.drop());

  const through = (url: string, port: number): string => {
    const proxied = new URL(url);
    [proxied.hostname, proxied.port] = ['127.0.0.1', String(port)];
    return proxied.toString();
  };
  const portOf = (url: string): number => Number(new URL(url).port || 5432);

  it('ends a statement that takes too long, in either role’s transactions, and has time for the next', async () => {
    const database = await Database.open(test, LIMIT);
    closing.push(() => void database.close());
    const sleeping = await Promise.allSettled([
      database.forTenant(tenant, (rows) => rows.$queryRaw`SELECT pg_sleep(60)::text`),
      database.acrossTenants((rows) => rows.$queryRaw`SELECT pg_sleep(60)::text`),
    ]);
    for (const statement of sleeping) {
      expect(statement).toMatchObject({ reason: { message: expect.stringContaining('statement timeout') as string } });
    }
    await database.ping();
  });

  it('is given up when it swallows what it is sent, and used again when it answers', async () => {
    const proxy = await swallowingProxy(portOf(test.appUrl));
    const urls = { appUrl: through(test.appUrl, proxy.port), queueUrl: through(test.queueUrl, proxy.port) };
    const database = await Database.open(urls, LIMIT);
    closing.push(() => void database.close());
    const count = () => database.forTenant(tenant, (rows) => rows.asset.count());
    expect(await count()).toBe(0);
    proxy.swallow();
    await expect(count()).rejects.toThrow();
    proxy.passOn();
    expect(await waitFor('the database to answer', async () => (await count()) === 0)).toBe(true);
  });

  it('is listened to on another connection when one goes silent', async () => {
    const proxy = await swallowingProxy(portOf(test.appUrl));
    const heard: string[] = [];
    let connections = 0;
    const subscription = listen(through(test.appUrl, proxy.port), 'spec', {
      onNotification: (payload) => heard.push(payload),
      onConnected: () => connections++,
      reconnectMs: 50,
      askEveryMs: 300,
    });
    await waitFor('the first connection', () => connections === 1);
    proxy.swallow();
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    proxy.passOn();
    await waitFor('the next connection', () => connections > 1);
    await test.query(`NOTIFY spec, 'again'`);
    await waitFor('the notification', () => heard.includes('again'));
    await subscription.close();
  });
});

describe('an S3 server', () => {
  const storeAt = async (answer: RequestListener): Promise<S3ObjectStore> => {
    const port = await listening(createHttpServer(answer));
    const store = new S3ObjectStore({
      bucket: 'b',
      endpoint: `http://127.0.0.1:${port}`,
      credentials: { accessKeyId: 'anyone', secretAccessKey: 'anything' },
      silenceMs: 300,
    });
    closing.push(() => void store.close());
    return store;
  };
  const GIVEN_UP = { code: 'store_unavailable', disposition: 'retry' };

  it('that does not answer is given up, whatever it is asked', async () => {
    const store = await storeAt(() => undefined);
    await expect(store.read('k', { maxBytes: 9 })).rejects.toMatchObject(GIVEN_UP);
    await expect(store.exists('k')).rejects.toMatchObject(GIVEN_UP);
    await expect(store.put('k', Buffer.from('x'))).rejects.toMatchObject(GIVEN_UP);
    await expect(store.delete('k')).rejects.toMatchObject(GIVEN_UP);
  });

  it('that stops in the middle of an object is given up', async () => {
    const store = await storeAt((_, response) => response.writeHead(200, { 'content-length': '9' }).write('half'));
    await expect(store.read('k', { maxBytes: 9 })).rejects.toMatchObject(GIVEN_UP);
  });
});

describe('a captioner', () => {
  const request: CaptionRequest = { baseModel: 'demo', items: [{ id: '1', embedding: { values: Buffer.alloc(512) } }] };

  it('that takes the connection and says nothing is given up, whatever it is asked', async () => {
    const client = new CaptionerClient(`127.0.0.1:${await silentPort()}`);
    closing.push(() => client.close());
    const limit = { deadlineMs: 400 };
    const calls = [client.caption(request, limit), client.interpret(request, limit), client.listBaseModels(limit)];
    for (const call of await Promise.allSettled(calls)) {
      expect(call).toMatchObject({ reason: { code: 'deadline_exceeded', disposition: 'retry' } });
    }
  });

  it('refuses a call that sets itself no limit', async () => {
    const captioner = await startCaptioner();
    closing.push(() => void captioner.close());
    const client = new Client(captioner.address, credentials.createInsecure());
    closing.push(() => client.close());
    const method = captionerServiceDefinition().service['Caption']!;
    expect(method.path).toBe(`/${CAPTIONER_SERVICE}/Caption`);
    const error = await new Promise<ServiceError | null>((resolve) =>
      client.makeUnaryRequest(method.path, method.requestSerialize, method.responseDeserialize, request, resolve),
    );
    expect(error).toMatchObject({ details: 'the call has no deadline' });
    expect((await captioner.client.caption(request, { deadlineMs: 60_000 })).results).toHaveLength(1);
  });
});
