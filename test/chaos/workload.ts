import { randomUUID } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { EVENT_TYPES } from '@housestyle/contracts';
import { connectKafka, KafkaEventSink, toCloudEventMessage, type OutgoingMessage } from '@housestyle/messaging';
import type { Random } from '../support/random.js';
import type { Sent } from './checker.js';
import { PICTURES } from './library.js';
import { patiently } from './patience.js';

const COPIES = 3;
const UPLOADS_PER_POISON = 25;
/** every so manieth asset comes in three versions, each another picture */
const VERSIONED_EVERY = 5;
const MAX_VERSIONS = 3;

interface PlannedUpload {
  readonly tenantId: string;
  readonly assetId: string;
  readonly version: string;
  readonly file: string;
}

/** Uploads with known ids, some of one asset in several versions, and messages that can never land. */
export class Workload {
  readonly files: readonly string[];
  private constructor(
    readonly uploads: readonly PlannedUpload[],
    readonly poison: readonly string[],
    private readonly topic: string,
  ) {
    this.files = [...new Set(uploads.map(({ file }) => file))];
  }

  static plan(topic: string, tenants: readonly string[], count: number, random: Random): Workload {
    const files = random.shuffled(readdirSync(PICTURES));
    const uploads: PlannedUpload[] = [];
    for (let asset = 0; uploads.length < count; asset++) {
      const versions = asset % VERSIONED_EVERY === 0 ? MAX_VERSIONS : 1;
      for (let version = 1; version <= versions && uploads.length < count; version++) {
        uploads.push({
          tenantId: tenants[asset % tenants.length]!,
          assetId: `shelf/${asset}.jpg`,
          version: String(version),
          file: files[uploads.length % files.length]!,
        });
      }
    }
    const poison = Array.from({ length: Math.ceil(count / UPLOADS_PER_POISON) }, (_, n) => `poison-${n}`);
    return new Workload(uploads, poison, topic);
  }

  /**
   * Everything three times, shuffled, in so many parts. What is new comes at an even pace, each repeat at any time
   * after: shuffled as one, the last parts would bring next to nothing that was not there before.
   */
  deliveries(parts: number, random: Random): OutgoingMessage[][] {
    const messages = random.shuffled([
      ...this.uploads.map((upload) => this.uploadMessage(upload)),
      ...this.poison.map(this.bad),
    ]);
    const timed = messages.flatMap((message, n) => {
      const first = n / messages.length;
      const repeats = Array.from({ length: COPIES - 1 }, () => first + (1 - first) * random.uniform());
      return [first, ...repeats].map((time) => ({ message, time }));
    });
    const order = timed.sort((a, b) => a.time - b.time).map(({ message }) => message);
    const size = Math.ceil(order.length / parts);
    return Array.from({ length: parts }, (_, n) => order.slice(n * size, (n + 1) * size));
  }

  /** @param captions of each file, as a captioner alone writes them */
  sent(captions: ReadonlyMap<string, string>): Sent {
    return {
      uploads: this.uploads.map(({ file, ...upload }) => ({ ...upload, caption: captions.get(file)! })),
      poison: this.poison,
    };
  }

  private uploadMessage({ tenantId, assetId, version, file }: PlannedUpload): OutgoingMessage {
    const uri = pathToFileURL(join(PICTURES, file)).href;
    return toCloudEventMessage(
      {
        id: randomUUID(),
        type: EVENT_TYPES.assetUploaded,
        key: `${tenantId}/${assetId}`,
        time: new Date(),
        data: { tenantId, assetId, version, uri },
      },
      this.topic,
    );
  }

  private readonly bad = (key: string): OutgoingMessage => ({
    topic: this.topic,
    key,
    value: 'neither an event nor JSON',
    headers: {},
  });
}

/** Publishes as a media library does: again, until the broker has taken it. */
export async function publishPatiently(brokers: string, messages: readonly OutgoingMessage[]): Promise<void> {
  const sink = new KafkaEventSink(connectKafka({ brokers: [brokers], clientId: 'dam' }));
  await patiently('the broker to take the uploads', () => sink.publish(messages));
  await sink.close();
}
