import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectKafka, KafkaEventSink, KafkaEventSource, type KafkaConnection } from '@housestyle/messaging';
import { kafkaSecurity, type KafkaSecurityVariables } from '@housestyle/settings';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { TestAuthority, tlsVariables } from '../support/certificates.js';
import { describeWith } from '../support/describe-with.js';
import { createTopics } from '../support/kafka.js';
import { requirements } from '../support/requirements.js';
import { waitFor } from '../support/wait-for.js';

let folder = '';
beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), 'housestyle-kafka-security-'))));
afterAll(() => rm(folder, { recursive: true, force: true }));

describeWith([requirements.kafka()], 'Kafka behind a password and TLS', () => {
  const secure = inject('kafkaSecure')!;
  const closing: (() => Promise<void>)[] = [];
  let variables: KafkaSecurityVariables;

  const connect = (changed: Partial<KafkaSecurityVariables> = {}): KafkaConnection =>
    connectKafka({
      brokers: [secure.brokers],
      clientId: 'spec',
      security: kafkaSecurity({ ...variables, ...changed }),
    });

  async function publish(kafka: KafkaConnection, topic: string): Promise<void> {
    const sink = new KafkaEventSink(kafka);
    closing.push(() => sink.close());
    await sink.publish([{ topic, key: 'k', value: 'hello', headers: {} }]);
  }

  async function expectPassage(kafka: KafkaConnection): Promise<void> {
    const topic = `spec-${randomUUID()}`;
    const groupId = `group-${randomUUID()}`;
    await createTopics(inject('kafkaBrokers'), [topic]);
    await publish(kafka, topic);
    const texts: string[] = [];
    const onFailure = (error: Error) => {
      throw error;
    };
    const source = new KafkaEventSource(kafka, { groupId, topics: [topic], onFailure });
    closing.push(() => source.stop());
    await source.start((messages) => {
      texts.push(...messages.map(({ value }) => String(value)));
      return Promise.resolve();
    });
    await waitFor('the message', () => texts.length > 0);
    expect(texts).toEqual(['hello']);
  }

  beforeAll(async () => {
    const authority = join(folder, 'authority.pem');
    await writeFile(authority, secure.authority);
    const { username: KAFKA_SASL_USERNAME, password: KAFKA_SASL_PASSWORD } = secure;
    variables = {
      KAFKA_TLS: true,
      KAFKA_TLS_CA: authority,
      KAFKA_SASL_MECHANISM: 'scram-sha-512',
      KAFKA_SASL_USERNAME,
      KAFKA_SASL_PASSWORD,
    };
  });

  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
  });

  it.each(['plain', 'scram-sha-512'] as const)('lets in who logs in by %s', (KAFKA_SASL_MECHANISM) =>
    expectPassage(connect({ KAFKA_SASL_MECHANISM })),
  );

  it.each(['plain', 'scram-sha-512'] as const)('refuses a wrong password by %s', async (KAFKA_SASL_MECHANISM) => {
    const wrong = connect({ KAFKA_SASL_MECHANISM, KAFKA_SASL_PASSWORD: 'wrong' });
    await expect(publish(wrong, 'any')).rejects.toThrow(/authentication failed/i);
  });

  describe('where a certificate is asked for', () => {
    const connectAs = async (name: string, papers: { certificate: string; key: string } | undefined) => {
      const paths = { KAFKA_TLS_CERT: join(folder, `${name}.pem`), KAFKA_TLS_KEY: join(folder, `${name}-key.pem`) };
      if (papers) await writeFile(paths.KAFKA_TLS_CERT, papers.certificate);
      if (papers) await writeFile(paths.KAFKA_TLS_KEY, papers.key);
      const { KAFKA_TLS, KAFKA_TLS_CA } = variables;
      const security = kafkaSecurity({ KAFKA_TLS, KAFKA_TLS_CA, ...(papers && paths) });
      return connectKafka({ brokers: [secure.mutual.brokers], clientId: 'spec', security });
    };
    const connecting = async (kafka: KafkaConnection) => {
      const admin = kafka.hasty.admin({ retry: { retries: 0 } });
      closing.push(() => admin.disconnect());
      await admin.connect();
    };

    it('lets in who has one', async () => expectPassage(await connectAs('known', secure.mutual)));

    /** as the broker says it, or as what it leaves of the connection does */
    const REFUSED = /alert|ECONNRESET|EPIPE|closed/i;

    it('refuses who has none, or another authority’s', async () => {
      await expect(connecting(await connectAs('nobody', undefined))).rejects.toThrow(REFUSED);
      const strange = await (await TestAuthority.create('another')).issue({ names: ['dam'] });
      const papers = { certificate: String(strange.certificate), key: String(strange.key) };
      await expect(connecting(await connectAs('strange', papers))).rejects.toThrow(REFUSED);
    });
  });

  it('does not speak to a broker whose authority it does not know', async () => {
    const other = join(folder, 'other.pem');
    await writeFile(other, (await TestAuthority.create('another')).pem);
    const { hasty } = connect({ KAFKA_TLS_CA: other });
    const admin = hasty.admin({ retry: { retries: 0 } });
    closing.push(() => admin.disconnect());
    await expect(admin.connect()).rejects.toThrow(/certificate/i);
  });
});

describe('kafkaSecurity', () => {
  it('is empty without variables: plain text, as nobody', () => {
    expect(kafkaSecurity({ KAFKA_TLS: false })).toEqual({});
    expect(kafkaSecurity({ KAFKA_TLS: true })).toEqual({ tls: {} });
  });

  it('names the variable that is wrong', async () => {
    const papers = await (await TestAuthority.create()).issue({ names: ['pipeline'] });
    const strange = await (await TestAuthority.create()).issue({ names: ['another'] });
    const { CAPTIONER_TLS_CERT: cert, CAPTIONER_TLS_KEY: key } = await tlsVariables(join(folder, 'own'), papers);
    const { CAPTIONER_TLS_KEY: strangeKey } = await tlsVariables(join(folder, 'strange'), strange);
    const login = { KAFKA_SASL_MECHANISM: 'plain', KAFKA_SASL_USERNAME: 'dam', KAFKA_SASL_PASSWORD: 'x' } as const;
    const cases: [KafkaSecurityVariables, RegExp][] = [
      [{ KAFKA_TLS: false, ...login }, /KAFKA_SASL_MECHANISM: plain takes KAFKA_TLS=true/],
      [{ KAFKA_TLS: true, ...login, KAFKA_SASL_PASSWORD: undefined }, /KAFKA_SASL_PASSWORD: is required/],
      [{ KAFKA_TLS: true, KAFKA_SASL_USERNAME: 'dam' }, /KAFKA_SASL_MECHANISM: is required/],
      [{ KAFKA_TLS: false, KAFKA_TLS_CA: cert }, /KAFKA_TLS: must be true where KAFKA_TLS_CA is set/],
      [{ KAFKA_TLS: true, KAFKA_TLS_CA: key }, /KAFKA_TLS_CA: holds no PEM/],
      [{ KAFKA_TLS: true, KAFKA_TLS_CA: join(folder, 'none') }, /KAFKA_TLS_CA: cannot be read/],
      [{ KAFKA_TLS: true, KAFKA_TLS_CERT: cert }, /KAFKA_TLS_KEY: is required where KAFKA_TLS_CERT is set/],
      [{ KAFKA_TLS: true, KAFKA_TLS_KEY: key }, /KAFKA_TLS_CERT: is required where KAFKA_TLS_KEY is set/],
      [{ KAFKA_TLS: true, KAFKA_TLS_CERT: cert, KAFKA_TLS_KEY: strangeKey }, /KAFKA_TLS_KEY: is not the key of/],
    ];
    for (const [variables, words] of cases) expect(() => kafkaSecurity(variables)).toThrow(words);
    const own = kafkaSecurity({ KAFKA_TLS: true, KAFKA_TLS_CERT: cert, KAFKA_TLS_KEY: key });
    expect(own).toEqual({ tls: { certificate: papers.certificate, key: papers.key } });
  });
});
