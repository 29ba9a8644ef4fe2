import { z } from 'zod';
import { deadLetterTopic, EVENT_TYPES } from './event-types.js';
import { AssetUploadedSchema, S3NotificationSchema } from './incoming-events.js';
import { OUTGOING_EVENT_SCHEMAS } from './outgoing-events.js';

interface Channel {
  readonly address: string;
  readonly action: 'send' | 'receive';
  readonly description: string;
  readonly payload: z.ZodType;
  readonly isCloudEvent: boolean;
}

const CHANNELS: readonly Channel[] = [
  {
    address: EVENT_TYPES.assetUploaded,
    action: 'receive',
    description: `A picture to caption. What cannot land goes to ${deadLetterTopic(EVENT_TYPES.assetUploaded)}.`,
    payload: AssetUploadedSchema,
    isCloudEvent: true,
  },
  {
    address: 'S3_NOTIFICATION_TOPIC',
    action: 'receive',
    description: 'Bucket notifications of S3 or MinIO, on the topic that the setting of this name names.',
    payload: S3NotificationSchema,
    isCloudEvent: false,
  },
  ...Object.entries(OUTGOING_EVENT_SCHEMAS).map(([address, payload]): Channel => ({
    address,
    action: 'send',
    description: 'Published at least once; the CloudEvents id identifies repetitions.',
    payload,
    isCloudEvent: true,
  })),
];

/** The AsyncAPI 3.0 document of every topic, made from the schemas the code validates with. */
export function asyncApiDocument(): Record<string, unknown> {
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Housestyle events',
      version: '1.0.0',
      description:
        'CloudEvents 1.0 on Kafka, binary mode: attributes in ce_ headers, JSON data as the value. ' +
        'The key is tenantId/assetId (the tenant alone where an event has no asset).',
      license: { name: 'Apache-2.0' },
    },
    defaultContentType: 'application/json',
    channels: keyed(CHANNELS, ({ address, description }) => ({
      address,
      description,
      messages: { event: { $ref: `#/components/messages/${nameOf(address)}` } },
    })),
    operations: keyed(CHANNELS, ({ address, action }) => ({
      action,
      channel: { $ref: `#/channels/${nameOf(address)}` },
    })),
    components: {
      messages: keyed(CHANNELS, ({ address, payload, isCloudEvent }) => ({
        name: address,
        contentType: 'application/json',
        ...(isCloudEvent && { headers: cloudEventHeaders(address) }),
        payload: jsonSchema(payload),
      })),
    },
  };
}

const nameOf = (address: string): string => address.replaceAll('.', '-');

const keyed = <T>(channels: readonly Channel[], entry: (channel: Channel) => T): Record<string, T> =>
  Object.fromEntries(channels.map((channel) => [nameOf(channel.address), entry(channel)]));

const jsonSchema = (schema: z.ZodType) => z.toJSONSchema(schema, { target: 'draft-7', io: 'input' });

const cloudEventHeaders = (type: string) =>
  jsonSchema(
    z.object({
      ce_specversion: z.literal('1.0'),
      ce_id: z.string().describe('the same id: the same event, delivered again'),
      ce_type: z.literal(type),
      ce_source: z.string(),
      ce_time: z.iso.datetime().optional(),
      ce_subject: z.string().optional().describe('the message key'),
      'content-type': z.string().optional().describe('application/json'),
    }),
  );
