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

/** of a name that is quoted in a reason */
const MAX_QUOTED_LENGTH = 100;

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
    const refusals = new Refusals();
    const announced = await this.read(messages, refusals);
    const messageOf = new Map(announced.map(({ message, upload }) => [upload, message]));
    const { landed, duplicates, unknownTenants, unstorable } = await this.landing.land([...messageOf.keys()]);
    for (const upload of unknownTenants) {
      refusals.add(messageOf.get(upload)!, new DomainError('unknown_tenant', `there is no tenant ${upload.tenantId}`));
    }
    for (const upload of unstorable) {
      const start = upload.assetId.slice(0, MAX_QUOTED_LENGTH);
      const reason = `${JSON.stringify(start)}: a name is too long, or a text cannot be stored`;
      refusals.add(messageOf.get(upload)!, new DomainError('malformed_event', reason));
    }

    this.metrics.landed.inc(landed.length);
    this.metrics.duplicates.inc(duplicates);
    return refusals.toRejections();
  }

  private async read(messages: readonly IncomingMessage[], refusals: Refusals): Promise<Announced[]> {
    const events: Announced[] = [];
    const objects: { message: IncomingMessage; object: CreatedObject }[] = [];
    for (const message of messages) {
      refusals.attempt(message, () => {
        if (message.topic !== this.s3NotificationTopic) events.push({ message, upload: parseUploadEvent(message) });
        else {
          const parsed = parseS3Notification(message);
          objects.push(...parsed.objects.map((object) => ({ message, object })));
          for (const refusal of parsed.refusals) refusals.add(message, refusal);
        }
      });
    }
    if (objects.length === 0) return events;
    const owners = await this.bucketMappings.resolve(objects.map(({ object }) => object));
    objects.forEach(({ message, object }, index) =>
      refusals.attempt(message, () => events.push({ message, upload: toUpload(object, owners[index]) })),
    );
    return events;
  }
}

/**
 * What cannot land, by the message it came in: one notification holds many records, and is dead-lettered once however
 * many of them are bad. The good ones land; if it is ever sent again, they are duplicates.
 */
class Refusals {
  private readonly errorsOf = new Map<IncomingMessage, DomainError[]>();

  add(message: IncomingMessage, error: DomainError): void {
    this.errorsOf.set(message, [...(this.errorsOf.get(message) ?? []), error]);
  }

  attempt(message: IncomingMessage, read: () => unknown): void {
    try {
      read();
    } catch (error) {
      this.add(message, toDomainError(error));
    }
  }

  toRejections(): Rejection[] {
    return [...this.errorsOf].map(([message, errors]) => ({ message, error: asOne(errors) }));
  }
}

/** With the code of the first, and every reason. */
function asOne(errors: readonly DomainError[]): DomainError {
  const [first, ...rest] = errors as [DomainError, ...DomainError[]];
  if (rest.length === 0) return first;
  return new DomainError(first.code, errors.map(({ code, message }) => `${code}: ${message}`).join('; '));
}
