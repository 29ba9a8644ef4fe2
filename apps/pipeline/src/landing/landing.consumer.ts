import type { BucketMappingRepository, LandingRepository } from '@housestyle/database';
import { DomainError, toDomainError, type Upload } from '@housestyle/domain';
import {
  parseS3Notification,
  parseUploadEvent,
  toUpload,
  type CreatedObject,
  type IncomingMessage,
  type Rejection,
} from '@housestyle/messaging';
import type { PipelineMetrics } from '../pipeline-metrics.js';

interface Announced {
  readonly message: IncomingMessage;
  readonly upload: Upload;
}

/**
 * Turns a batch of messages into rows with one insert. Nothing slow and nothing that depends on a picture happens
 * here. Rejects only when the database does; what can never land is returned.
 */
export class LandingConsumer {
  constructor(
    private readonly landing: LandingRepository,
    private readonly bucketMappings: BucketMappingRepository,
    private readonly metrics: PipelineMetrics,
    private readonly s3NotificationTopic: string | undefined,
  ) {}

  async land(messages: readonly IncomingMessage[]): Promise<readonly Rejection[]> {
    const rejections = new Map<IncomingMessage, DomainError>();
    const announced = await this.read(messages, rejections);
    const messageOf = new Map(announced.map(({ message, upload }) => [upload, message]));
    const { landed, duplicates, unknownTenants, unstorable } = await this.landing.land([...messageOf.keys()]);
    const reject = (uploads: readonly Upload[], error: (upload: Upload) => DomainError) =>
      uploads.forEach((upload) => rejections.set(messageOf.get(upload)!, error(upload)));
    reject(unknownTenants, ({ tenantId }) => new DomainError('unknown_tenant', `there is no tenant ${tenantId}`));
    reject(unstorable, () => new DomainError('malformed_event', 'a name is too long, or a text cannot be stored'));

    this.metrics.landed.inc(landed.length);
    this.metrics.duplicates.inc(duplicates);
    for (const { code } of rejections.values()) this.metrics.deadLetters.inc({ code });
    return [...rejections].map(([message, error]) => ({ message, error }));
  }

  private async read(
    messages: readonly IncomingMessage[],
    rejections: Map<IncomingMessage, DomainError>,
  ): Promise<Announced[]> {
    const events: Announced[] = [];
    const objects: { message: IncomingMessage; object: CreatedObject }[] = [];
    for (const message of messages) {
      attempt(message, rejections, () => {
        if (message.topic !== this.s3NotificationTopic) events.push({ message, upload: parseUploadEvent(message) });
        else objects.push(...parseS3Notification(message).map((object) => ({ message, object })));
      });
    }
    if (objects.length === 0) return events;
    const owners = await this.bucketMappings.resolve(objects.map(({ object }) => object));
    objects.forEach(({ message, object }, index) =>
      attempt(message, rejections, () => events.push({ message, upload: toUpload(object, owners[index]) })),
    );
    return events;
  }
}

function attempt(message: IncomingMessage, rejections: Map<IncomingMessage, DomainError>, read: () => unknown): void {
  try {
    read();
  } catch (error) {
    rejections.set(message, toDomainError(error));
  }
}
