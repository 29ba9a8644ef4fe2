import { randomUUID } from 'node:crypto';
import {
  connectKafka,
  createMissingTopics,
  KafkaEventSink,
  KafkaEventSource,
  parseUploadEvent,
  toCloudEventMessage,
  withDeadLetters,
  type BatchHandler,
  type IncomingMessage,
  type KafkaSourceOptions,
  type Rejection,
} from '@housestyle/messaging';
import { DomainError, toDomainError } from '@housestyle/domain';
import { afterEach, beforeEach, expect, inject, it } from 'vitest';
import { TcpProxy } from '../chaos/tcp-proxy.js';
import { describeWith } from '../support/describe-with.js';
import { createTopics, withAdmin } from '../support/kafka.js';
import { requirements } from '../support/requirements.js';
import { waitFor } from '../support/wait-for.js';

const brokers = inject('kafkaBrokers');
const TENANT = '7b0c2a52-95a7-4a4e-a6f5-3c9d0d9b7a10';
const TYPE = 'housestyle.asset.uploaded.v1';
const CLIENT_RESTARTS_AFTER_MS = 200;

const upload = (assetId: string, topic: string) =>
  toCloudEventMessage(
    {
      id: randomUUID(),
      type: TYPE,
      key: `${TENANT}/${assetId}`,
      time: new Date(),
      data: { tenantId: TENANT, assetId, version: '1', uri: 'https://dam.example/1' },
    },
    topic,
  );

/** The position the group has committed on partition 0; -1 when none. */
const committed = (groupId: string, topic: string): Promise<number> =>
  withAdmin(brokers, async (admin) => {
    const [group] = await admin.fetchOffsets({ groupId, topics: [topic] });
    return Number(group?.partitions.find(({ partition }) => partition === 0)?.offset ?? -1);
  });

const texts = (messages: readonly IncomingMessage[]): string[] => messages.map(({ value }) => String(value));

describeWith([requirements.kafka()], 'Kafka', () => {
  const closing: (() => Promise<void>)[] = [];
  let topic = '';
  let groupId = '';

  const kafka = () => connectKafka({ brokers: [brokers], clientId: 'spec' });

  async function consume(handler: BatchHandler, options: Partial<KafkaSourceOptions> = {}): Promise<KafkaEventSource> {
    const onFailure = (error: Error) => {
      throw error;
    };
    const source = new KafkaEventSource(kafka(), { groupId, topics: [topic], onFailure, ...options });
    closing.push(() => source.stop());
    await source.start(handler);
    return source;
  }

  function openSink(): KafkaEventSink {
    const sink = new KafkaEventSink(kafka());
    closing.push(() => sink.close());
    return sink;
  }

  const text = (value: string, key = 'k') => ({ topic, key, value, headers: {} });

  beforeEach(async () => {
    topic = `spec-${randomUUID()}`;
    groupId = `group-${randomUUID()}`;
    await createTopics(brokers, [topic, `${topic}.dlt`]);
  });

  afterEach(async () => {
    await Promise.all(closing.splice(0).map((close) => close()));
  });

  it('commits a position only after the handler resolved', async () => {
    await openSink().publish([text('a'), text('b')]);
    let release = () => {};
    const gate = new Promise<void>((resolve) => (release = resolve));
    const seen: string[] = [];
    await consume(async (messages) => {
      seen.push(...texts(messages));
      await gate;
    });
    await waitFor('the handler', () => seen.length === 2);
    expect(await committed(groupId, topic)).toBe(-1);
    release();
    await waitFor('the commit', async () => (await committed(groupId, topic)) === 2);
  });

  it('reads what was there before the group was, and goes on where it stopped', async () => {
    const sink = openSink();
    await sink.publish([text('1'), text('2')]);
    const seen: string[] = [];
    const collect: BatchHandler = async (messages) => void seen.push(...texts(messages));
    const first = await consume(collect);
    await waitFor('two messages', () => seen.length === 2);
    await first.stop();
    expect(await committed(groupId, topic)).toBe(2);
    await sink.publish([text('3')]);
    await consume(collect);
    await waitFor('the third', () => seen.length === 3);
    expect(seen).toEqual(['1', '2', '3']);
  });

  it('gives a batch again when its handler failed, and loses nothing behind it', async () => {
    await openSink().publish([text('a'), text('b'), text('c')]);
    const calls: string[][] = [];
    const failures: number[] = [];
    await consume(
      async (messages) => {
        calls.push(texts(messages));
        if (calls.length < 3) throw new Error('the database is away');
      },
      { maxBatch: 2, onHandlerError: (_, attempt) => failures.push(attempt) },
    );
    await waitFor('the commit', async () => (await committed(groupId, topic)) === 3);
    expect(calls).toEqual([['a', 'b'], ['a', 'b'], ['a', 'b'], ['c']]);
    expect(failures).toEqual([1, 2]);
  });

  it('goes on with other topics and partitions while one cannot be handled', async () => {
    const stuck = `stuck-${randomUUID()}`;
    await withAdmin(brokers, (admin) =>
      admin.createTopics({ waitForLeaders: true, topics: [{ topic: stuck, numPartitions: 2 }] }),
    );
    const sink = openSink();
    // of two partitions, which keys share out; what comes with the first key is refused
    await sink.publish(['a', 'b', 'c', 'd', 'e', 'f'].map((key) => ({ ...text(key, key), topic: stuck })));
    const seen: string[] = [];
    let refused: number | undefined;
    let isMended = false;
    await consume(
      async (messages) => {
        const { topic: of, partition } = messages[0]!;
        if (of === stuck && !isMended && partition === (refused ??= partition)) throw new Error('as arranged');
        seen.push(...texts(messages));
      },
      { topics: [stuck, topic] },
    );
    await waitFor('a refusal', () => refused !== undefined);
    await waitFor('the other partition', () => seen.length > 0);
    const ofOther = seen.length;
    for (const value of ['1', '2', '3']) {
      await sink.publish([text(value)]);
      await waitFor(`message ${value}`, () => seen.at(-1) === value, { timeoutMs: 10_000 });
    }
    isMended = true;
    await waitFor('what was refused', () => seen.length === 9);
    expect(ofOther).toBeLessThan(6);
    expect([...seen].sort()).toEqual(['1', '2', '3', 'a', 'b', 'c', 'd', 'e', 'f']);
  });

  it('moves malformed messages aside with the reason, whole, and lands those around them', async () => {
    const sink = openSink();
    const broken = {
      topic,
      key: 'k',
      value: Buffer.from([0xff, 0x00, 0x7b]),
      headers: { own: 'header', twice: [Buffer.from('1'), Buffer.from('2')] },
    };
    await sink.publish([upload('good-1', topic), broken, upload('good-2', topic)]);
    const landed: string[] = [];
    const sort = async (messages: readonly IncomingMessage[]): Promise<Rejection[]> => {
      const rejections: Rejection[] = [];
      for (const message of messages) {
        try {
          landed.push(parseUploadEvent(message).assetId);
        } catch (error) {
          rejections.push({ message, error: toDomainError(error) });
        }
      }
      return rejections;
    };
    await consume(withDeadLetters(sink, sort));
    await waitFor('the commit', async () => (await committed(groupId, topic)) === 3);
    expect(landed).toEqual(['good-1', 'good-2']);

    const dead: IncomingMessage[] = [];
    await consume(async (messages) => void dead.push(...messages), { topics: [`${topic}.dlt`], groupId: randomUUID() });
    await waitFor('the dead letter', () => dead.length === 1);
    const [letter] = dead;
    expect(letter).toMatchObject({ key: Buffer.from('k'), value: broken.value });
    expect(letter?.headers['twice']).toEqual([Buffer.from('1'), Buffer.from('2')]);
    const headers = Object.fromEntries(
      Object.entries(letter?.headers ?? {}).map(([name, value]) => [name, String(value)]),
    );
    expect(headers).toMatchObject({
      own: 'header',
      'housestyle-error-code': 'malformed_event',
      'housestyle-error-message': expect.stringContaining('ce_id') as string,
      'housestyle-original-topic': topic,
      'housestyle-original-partition': '0',
      'housestyle-original-offset': '1',
      'housestyle-original-timestamp': expect.stringMatching(/^\d{13}$/) as string,
    });
  });

  it('dead-letters what is too large for the dead-letter topic without its value, and goes on', async () => {
    const maxBytes = [{ name: 'max.message.bytes', value: '5000' }];
    const narrow = `narrow-${randomUUID()}`;
    await createTopics(brokers, [narrow]);
    await withAdmin(brokers, (admin) =>
      admin.createTopics({ waitForLeaders: true, topics: [{ topic: `${narrow}.dlt`, configEntries: maxBytes }] }),
    );
    const sink = openSink();
    const long = 'x'.repeat(50_000);
    await sink.publish([
      { topic: narrow, key: 'small', value: 'broken', headers: {} },
      { topic: narrow, key: 'large', value: long, headers: { own: 'header' } },
      { topic: narrow, key: 'large header', value: null, headers: { own: long } },
    ]);
    const error = new DomainError('malformed_event', 'as arranged');
    const rejectAll = async (messages: readonly IncomingMessage[]) => messages.map((message) => ({ message, error }));
    await consume(withDeadLetters(sink, rejectAll), { topics: [narrow] });
    await waitFor('the commit', async () => (await committed(groupId, narrow)) === 3);

    const dead: IncomingMessage[] = [];
    await consume(async (messages) => void dead.push(...messages), {
      topics: [`${narrow}.dlt`],
      groupId: randomUUID(),
    });
    await waitFor('the dead letters', () => dead.length === 3);
    const told = dead.map(({ key, value, headers }) => ({
      key: key && String(key),
      value: value && String(value),
      own: headers['own'] && String(headers['own']),
      bytes: headers['housestyle-original-value-bytes'] && String(headers['housestyle-original-value-bytes']),
      offset: String(headers['housestyle-original-offset']),
      code: String(headers['housestyle-error-code']),
    }));
    const code = 'malformed_event';
    expect(told).toEqual([
      { key: 'small', value: 'broken', own: undefined, bytes: undefined, offset: '0', code },
      { key: 'large', value: null, own: 'header', bytes: '50000', offset: '1', code },
      { key: null, value: null, own: undefined, bytes: '0', offset: '2', code },
    ]);
  });

  it('does not commit past a message whose dead letter could not be written', async () => {
    await openSink().publish([text('broken')]);
    let failures = 0;
    const absent = { publish: () => Promise.reject(new Error('the broker refuses')) };
    const reject = async (messages: readonly IncomingMessage[]): Promise<Rejection[]> =>
      messages.map((message) => ({ message, error: toDomainError(new Error('never')) }));
    const source = await consume(withDeadLetters(absent, reject), { onHandlerError: () => (failures += 1) });
    await waitFor('two attempts', () => failures >= 2);
    await source.stop();
    expect(await committed(groupId, topic)).toBe(-1);
  });

  it('hands a partition over to the next member without losing what the first left undone', async () => {
    const sink = openSink();
    await sink.publish([text('a')]);
    let attempts = 0;
    const stuck = await consume(async () => {
      attempts += 1;
      throw new Error('this member cannot');
    });
    await waitFor('an attempt', () => attempts > 0);
    const seen: string[] = [];
    await consume(async (messages) => void seen.push(...texts(messages)));
    await stuck.stop();
    await waitFor('the other member', () => seen.includes('a'));
    await waitFor('the commit', async () => (await committed(groupId, topic)) === 1);
  });

  it('does not join again when it is told to stop as its connection breaks', async () => {
    const { port, advertisedPort } = inject('kafkaDetours')!.messaging;
    const way = await TcpProxy.open(port, advertisedPort);
    closing.push(() => way.close());
    const members = () =>
      withAdmin(brokers, async (admin) => (await admin.describeGroups([groupId])).groups[0]!.members.length);
    let isStopped: Promise<void> | undefined;
    const said: string[] = [];
    const log = {
      debug: () => undefined,
      warn: (_: object, message: string) => {
        said.push(message);
        if (isStopped || !message.startsWith('kafka Consumer: Crash')) return;
        way.setWeather({ kind: 'clear' });
        isStopped = source.stop();
      },
    };
    const source = new KafkaEventSource(connectKafka({ brokers: [`127.0.0.1:${way.port}`], clientId: 'spec', log }), {
      groupId,
      topics: [topic],
      sessionTimeoutMs: 6_000,
      onFailure: () => undefined,
    });
    closing.push(() => source.stop());
    await source.start(() => Promise.resolve());
    await waitFor('it to be a member', async () => (await members()) === 1);
    way.setWeather({ kind: 'reset' });
    await waitFor('it to crash', () => isStopped !== undefined);
    await isStopped;
    await new Promise((resolve) => setTimeout(resolve, 10 * CLIENT_RESTARTS_AFTER_MS));
    expect(said.filter((message) => message.includes('Restarting'))).toEqual([]);
    await waitFor('its session to end', async () => (await members()) === 0, { timeoutMs: 30_000 });
  });

  it('reports a handler that hangs, by the watchdog', async () => {
    await openSink().publish([text('a')]);
    const failures: Error[] = [];
    let release = () => {};
    await consume(() => new Promise<void>((resolve) => (release = resolve)), {
      watchdog: { progressTimeoutMs: 1_000, checkEveryMs: 250 },
      onFailure: (error) => failures.push(error),
    });
    await waitFor('the bark', () => failures.length > 0);
    expect(String(failures[0])).toContain('no progress');
    release();
  });

  it('refuses to start on a topic that is not there, and creates missing ones when asked', async () => {
    const absent = `absent-${randomUUID()}`;
    const source = new KafkaEventSource(kafka(), { groupId, topics: [absent], onFailure: () => {} });
    closing.push(() => source.stop());
    await expect(source.start(async () => {})).rejects.toThrow(/topic/);
    await createMissingTopics(kafka(), [topic, absent, `${absent}.dlt`]);
    const topics = await waitFor('the topics', () => withAdmin(brokers, (admin) => admin.listTopics()));
    expect(topics).toEqual(expect.arrayContaining([absent, `${absent}.dlt`]));
  });

  it('creates topics that several processes create at once, and can use them right away', async () => {
    for (let round = 0; round < 5; round++) {
      const fresh = [`fresh-${randomUUID()}`, `fresh-${randomUUID()}.dlt`];
      const starts = Array.from({ length: 3 }, async () => {
        await createMissingTopics(kafka(), fresh);
        await consume(async () => {}, { topics: fresh, groupId: randomUUID() });
      });
      await Promise.all(starts);
    }
  });

  it('keeps the order of a key over many publishes, and the sink recovers from a refusal', async () => {
    const sink = openSink();
    await expect(
      sink.publish([{ topic: `absent-${randomUUID()}`, key: null, value: 'x', headers: {} }]),
    ).rejects.toThrow();
    const sent = Array.from({ length: 50 }, (_, index) => String(index));
    for (const value of sent) await sink.publish([text(value)]);
    const seen: string[] = [];
    await consume(async (messages) => void seen.push(...texts(messages)));
    await waitFor('all', () => seen.length === sent.length);
    expect(seen).toEqual(sent);
  });

  it('publishes at once what is too much for one request, in order', async () => {
    const long = 'x'.repeat(10_000);
    const sent = Array.from({ length: 200 }, (_, index) => `${index} ${long}`);
    await openSink().publish(sent.map((value) => text(value)));
    const seen: string[] = [];
    await consume(async (messages) => void seen.push(...texts(messages)));
    await waitFor('all', () => seen.length === sent.length);
    expect(seen).toEqual(sent);
  });
});
