import { z } from 'zod';
import { OUTBOUND_VARIABLES, WEBHOOK_VARIABLES } from './outbound-settings.js';
import { flag, list, readSettings, variable, wholeNumber, type Environment } from './read-settings.js';
import {
  ALLOW_PRIVATE_ADDRESSES,
  CAPTIONER_ADDRESS,
  CAPTIONER_TLS,
  CAPTIONER_TLS_SERVER_NAME,
  DATABASE_ROLE_URLS,
  DATABASE_STATEMENT_TIMEOUT_MS,
  DATABASE_URL,
  FETCH_MAX_BYTES,
  FETCH_TIMEOUT_MS,
  KAFKA_BROKERS,
  KAFKA_SECURITY,
  LOG_LEVEL,
  METRICS_PORT,
  S3_ENDPOINT,
  S3_REGION,
  SHUTDOWN_TIMEOUT_MS,
  UPLOAD_STORE,
} from './variables.js';

export const PIPELINE_VARIABLES = {
  DATABASE_URL,
  ...DATABASE_ROLE_URLS,
  DATABASE_STATEMENT_TIMEOUT_MS,
  KAFKA_BROKERS,
  ...KAFKA_SECURITY,
  CAPTIONER_ADDRESS,
  ...CAPTIONER_TLS,
  CAPTIONER_TLS_SERVER_NAME,
  UPLOAD_STORE,
  KAFKA_CONSUMER_GROUP: variable(z.string().default('housestyle-pipeline'), { description: 'consumer group id' }),
  KAFKA_SESSION_TIMEOUT_MS: variable(wholeNumber(6_000, 1_800_000).default(60_000), {
    description:
      'after how long without a heartbeat the brokers give a consumer’s partitions away; one that hangs ends its process within twice this time',
    unit: 'ms',
  }),
  UPLOAD_TOPIC: variable(z.string().default('housestyle.asset.uploaded.v1'), { description: 'topic of upload events' }),
  S3_NOTIFICATION_TOPIC: variable(z.string().optional(), {
    description: 'topic of S3 or MinIO bucket notifications; unset: none',
  }),
  KAFKA_CREATE_TOPICS: variable(flag.default(true), {
    description: 'create the topics that are missing, with the brokers’ own defaults',
  }),
  LANDING_PAUSES: variable(flag.default(true), {
    description:
      'let a topic wait when nine of ten of its messages (the last 100 to 200) cannot land, instead of dead-lettering it',
  }),
  S3_ENDPOINT,
  S3_REGION,
  S3_BUCKETS: variable(list.default([]), {
    description:
      'buckets that s3: URIs may name, comma-separated, each where it is mapped to the tenant; the upload store’s is always allowed',
  }),
  FILE_ROOTS: variable(list.default([]), { description: 'folders that file: URIs may point into, comma-separated' }),
  ALLOW_PRIVATE_ADDRESSES,
  ...OUTBOUND_VARIABLES,
  FETCH_MAX_BYTES,
  FETCH_TIMEOUT_MS,
  ...WEBHOOK_VARIABLES,
  MAX_PIXELS: variable(wholeNumber(1, 2 ** 31).default(100_000_000), {
    description: 'largest picture',
    unit: 'pixels',
  }),
  DECODE_PROCESSES: variable(wholeNumber(1, 256).optional(), {
    description: 'processes that decode pictures, one picture each; unset: one for each core',
  }),
  DECODE_TIMEOUT_MS: variable(wholeNumber(100, 600_000).default(20_000), {
    description: 'longest time one picture may take to decode',
    unit: 'ms',
  }),
  DECODE_MAX_MEMORY_BYTES: variable(wholeNumber(2 ** 28, 2 ** 40).default(2 ** 31), {
    description: 'memory that a process may take to decode one picture (kept to by Linux)',
    unit: 'bytes',
  }),
  DECODE_SHRINK_ON_LOAD: variable(flag.default(false), {
    description:
      'decode large JPEG and WebP pictures at a fraction of their size: cheaper from 4 megapixels on (a third at 12), and changes some of their captions (performance.md, Shrink-on-load)',
  }),
  PIPELINE_BATCH: variable(wholeNumber(1, 256).default(32), {
    description: 'images sent to the captioner in one call',
  }),
  PIPELINE_CONCURRENCY: variable(wholeNumber(1, 64).default(3), { description: 'batches in flight' }),
  LEASE_MS: variable(wholeNumber(1_000, 3_600_000).default(60_000), {
    description: 'how long a worker owns an asset before another may take it',
    unit: 'ms',
  }),
  CAPTION_TIMEOUT_MS: variable(wholeNumber(100, 600_000).default(30_000), {
    description: 'deadline of one captioner call',
    unit: 'ms',
  }),
  LOG_LEVEL,
  METRICS_PORT,
  SHUTDOWN_TIMEOUT_MS,
};

export const readPipelineSettings = (environment?: Environment) => readSettings(PIPELINE_VARIABLES, environment);
export type PipelineSettings = ReturnType<typeof readPipelineSettings>;
