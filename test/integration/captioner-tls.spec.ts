import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Server } from '@grpc/grpc-js';
import {
  CaptionerClient,
  captionerServiceDefinition,
  serverSecurity,
  type CaptionerTls,
} from '@housestyle/contracts/captioner';
import { captionerTls } from '@housestyle/settings';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startApp } from '../support/app-process.js';
import { DEMO_MODEL, startCaptioner, type RunningCaptioner } from '../support/captioner.js';
import { TestAuthority, tlsVariables } from '../support/certificates.js';

const SERVER_NAME = 'captioner.test';
/** A refused channel is tried again until the call's deadline unless the call fails at once; both are refusals. */
const CALL = { deadlineMs: 20_000 };
const HOUR_MS = 3_600_000;

let folder: string;
let authority: TestAuthority;
let stranger: TestAuthority;
const clients: CaptionerClient[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'housestyle-tls-'));
  [authority, stranger] = await Promise.all([TestAuthority.create(), TestAuthority.create('a stranger')]);
});
afterEach(() => clients.splice(0).forEach((client) => client.close()));
afterAll(() => rm(folder, { recursive: true, force: true }));

const list = (address: string, tls?: CaptionerTls) => {
  const client = new CaptionerClient(address, tls && { serverName: SERVER_NAME, ...tls });
  clients.push(client);
  return client.listBaseModels(CALL);
};
const REFUSED = { code: 'captioner_unavailable', disposition: 'retry' };

describe('a captioner with a certificate', () => {
  let captioner: RunningCaptioner;
  let pipeline: CaptionerTls;

  beforeAll(async () => {
    const own = await authority.issue({ names: [SERVER_NAME] });
    pipeline = await authority.issue({ names: ['pipeline.test'] });
    captioner = await startCaptioner({
      ...(await tlsVariables(join(folder, 'captioner'), own)),
      CAPTIONER_TLS_CLIENTS: 'api.test,pipeline.test',
    });
  });
  afterAll(() => captioner.close());

  it('answers a client that shows one of the same authority, and whose name is listed', async () => {
    const { baseModels } = await list(captioner.address, pipeline);
    expect(baseModels.map(({ name }) => name)).toEqual(['demo']);
  });

  it('does not answer plain text', async () => {
    await expect(list(captioner.address)).rejects.toMatchObject(REFUSED);
  });

  it('does not answer a client without a certificate', async () => {
    const reason = await new Promise((resolve) => {
      const session = connect(`https://${captioner.address}`, { ca: authority.pem, servername: SERVER_NAME });
      session.once('error', resolve);
      const stream = session.request({
        ':method': 'POST',
        ':path': '/housestyle.captioner.v1.Captioner/ListBaseModels',
      });
      stream.once('error', resolve);
      stream.once('response', (headers) => resolve(`answered ${headers[':status']}`));
      stream.once('close', () => resolve(new Error('closed')));
    });
    expect(reason).toBeInstanceOf(Error);
  });

  it.each([
    ['of another authority', /No connection established/, () => stranger.issue({ names: ['pipeline.test'] })],
    [
      'that has expired',
      /No connection established/,
      () => authority.issue({ names: ['pipeline.test'], untilMs: -HOUR_MS }),
    ],
    [
      'that is not valid yet',
      /No connection established/,
      () => authority.issue({ names: ['pipeline.test'], fromMs: HOUR_MS }),
    ],
    ['of a client that is not listed', /no client that may call/, () => authority.issue({ names: ['trainer.test'] })],
    [
      'with another’s key',
      /key values mismatch/,
      async () => ({ ...pipeline, certificate: (await authority.issue({ names: ['pipeline.test'] })).certificate }),
    ],
  ])('refuses a client’s certificate %s', async (_, words, issue) => {
    const tls = { ...(await issue()), authorities: authority.pem };
    const error = await Promise.resolve()
      .then(() => list(captioner.address, tls))
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Error);
    expect(String(error)).toMatch(words);
    expect((await list(captioner.address, pipeline)).baseModels).toHaveLength(1);
  });
});

describe('a client with a certificate', () => {
  let client: CaptionerTls;
  const servers: Server[] = [];

  beforeAll(async () => {
    client = await authority.issue({ names: ['pipeline.test'] });
  });
  afterEach(() => servers.splice(0).forEach((server) => server.forceShutdown()));

  /** A captioner that lists nothing: what it is asked by never gets that far. */
  const serve = async (tls?: CaptionerTls): Promise<string> => {
    const server = new Server();
    servers.push(server);
    server.addService(captionerServiceDefinition().service, {
      listBaseModels: (_call: unknown, done: (error: null, answer: object) => void) => {
        done(null, { baseModels: [] });
      },
    });
    const port = await new Promise<number>((resolve, reject) =>
      server.bindAsync('127.0.0.1:0', serverSecurity(tls), (error, bound) => (error ? reject(error) : resolve(bound))),
    );
    return `127.0.0.1:${port}`;
  };

  it('takes a captioner of the same authority', async () => {
    const address = await serve(await authority.issue({ names: [SERVER_NAME] }));
    expect((await list(address, client)).baseModels).toEqual([]);
  });

  it('takes the address itself for the name when it is told no other', async () => {
    const address = await serve(await authority.issue({ names: ['127.0.0.1'] }));
    expect((await list(address, { ...client, serverName: undefined })).baseModels).toEqual([]);
  });

  it.each([
    ['in plain text', /./, () => Promise.resolve(undefined)],
    [
      'of another authority',
      /certificate/,
      async () => ({ ...(await stranger.issue({ names: [SERVER_NAME] })), authorities: authority.pem }),
    ],
    ['whose certificate has expired', /expired/, () => authority.issue({ names: [SERVER_NAME], untilMs: -HOUR_MS })],
    [
      'whose certificate is another name’s',
      /does not match certificate's altnames/,
      () => authority.issue({ names: ['elsewhere.test'] }),
    ],
  ])('refuses a captioner %s', async (_, words, issue) => {
    const address = await serve(await issue());
    const refused = { ...REFUSED, message: expect.stringMatching(words) as string };
    await expect(list(address, client)).rejects.toMatchObject(refused);
  });
});

describe('what the variables lead to', () => {
  it('is refused, naming the variable: half of the three, a certificate out of date, another’s key, no PEM', async () => {
    const good = await tlsVariables(join(folder, 'good'), await authority.issue({ names: [SERVER_NAME] }));
    const expired = await authority.issue({ names: [SERVER_NAME], untilMs: -HOUR_MS });
    const early = await authority.issue({ names: [SERVER_NAME], fromMs: HOUR_MS });
    const { CAPTIONER_TLS_KEY: key, ...half } = good;
    const cases: [Record<string, string>, RegExp][] = [
      [half, /CAPTIONER_TLS_KEY: is required where CAPTIONER_TLS_CERT is set/],
      [await tlsVariables(join(folder, 'expired'), expired), /CAPTIONER_TLS_CERT: is valid from .* to /],
      [await tlsVariables(join(folder, 'early'), early), /CAPTIONER_TLS_CERT: is valid from .* to /],
      [{ ...good, CAPTIONER_TLS_KEY: join(folder, 'expired', 'key.pem') }, /CAPTIONER_TLS_KEY: is not the key/],
      [{ ...good, CAPTIONER_TLS_CA: key! }, /CAPTIONER_TLS_CA: holds no PEM of its kind/],
      [{ ...good, CAPTIONER_TLS_CERT: join(folder, 'nowhere.pem') }, /CAPTIONER_TLS_CERT: cannot be read/],
    ];
    for (const [variables, words] of cases) expect(() => captionerTls(variables)).toThrow(words);
    expect(captionerTls({})).toBeUndefined();
    expect(captionerTls({ ...good, CAPTIONER_TLS_SERVER_NAME: SERVER_NAME })).toMatchObject({
      serverName: SERVER_NAME,
    });
  });

  it('keeps a captioner from starting in plain text when half of it is missing', async () => {
    const environment = { CAPTIONER_PORT: '0', MODEL_DIRECTORIES: DEMO_MODEL, CAPTIONER_TLS_CERT: 'cert.pem' };
    const app = await startApp('captioner', { environment });
    expect(await app.exited).toBe(1);
    expect(app.output()).toContain('CAPTIONER_TLS_KEY: is required');
  });
});
