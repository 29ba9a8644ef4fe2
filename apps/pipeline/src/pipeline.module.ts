import { randomUUID } from 'node:crypto';
import { availableParallelism, hostname } from 'node:os';
import { CaptionerClient } from '@housestyle/contracts/captioner';
import {
  BucketMappingRepository,
  CaptioningRepository,
  LandingRepository,
  LeaseRepository,
  OutboxRepository,
  type Database,
} from '@housestyle/database';
import { DEFAULT_GENERATION } from '@housestyle/domain';
import { DecodePool } from '@housestyle/imaging';
import { captionerTls, kafkaSecurity, type PipelineSettings } from '@housestyle/settings';
import type { Logger } from '@housestyle/telemetry';
import { Module, type DynamicModule } from '@nestjs/common';
import { BaseModels } from './captioning/base-models.js';
import { CaptionStage } from './captioning/caption-stage.js';
import { CaptionWorkerService } from './captioning/caption-worker.service.js';
import { HeldLeases } from './captioning/held-leases.js';
import { OutcomeService } from './captioning/outcome.service.js';
import { PicturePreparer } from './captioning/picture-preparer.js';
import { MAX_SHARE } from './fair-share.js';
import { KafkaFeedService } from './kafka-feed.service.js';
import { LandingConsumer } from './landing/landing.consumer.js';
import { openPictureSources, uploadPlace } from './picture-sources.js';
import { PipelineMetrics } from './pipeline-metrics.js';
import { PipelineService } from './pipeline.service.js';
import { TenantSources } from './tenant-sources.js';
import { openWebhooks } from './webhooks/open-webhooks.js';

export interface PipelineParts {
  readonly settings: PipelineSettings;
  readonly database: Database;
  readonly metrics: PipelineMetrics;
  readonly logger: Logger;
  /** called when the process cannot go on */
  readonly onFailure: (error: Error) => void;
}

/** how long a picture waits for others on their way, to share its call; the captioner batches across calls anyway */
const MAX_DELAY_MS = 25;
const MAX_FETCHES = 32;

@Module({})
export class PipelineModule {
  static of({ settings, database, metrics, logger, onFailure }: PipelineParts): DynamicModule {
    const fetcher = openPictureSources(settings);
    const webhooks = openWebhooks(settings, database, metrics, logger);
    const mappings = new BucketMappingRepository(database);
    const sources = new TenantSources(fetcher, mappings, uploadPlace(settings.UPLOAD_STORE));
    const captioner = new CaptionerClient(settings.CAPTIONER_ADDRESS, captionerTls(settings));
    const leases = new LeaseRepository(database);
    const captioning = new CaptioningRepository(database);
    const { PIPELINE_BATCH: maxBatch, PIPELINE_CONCURRENCY: maxCalls } = settings;
    const decodeProcesses = settings.DECODE_PROCESSES ?? availableParallelism();
    const decoders = new DecodePool({
      size: decodeProcesses,
      timeoutMs: settings.DECODE_TIMEOUT_MS,
      maxMemoryBytes: settings.DECODE_MAX_MEMORY_BYTES,
      maxPixels: settings.MAX_PIXELS,
      isShrinkingOnLoad: settings.DECODE_SHRINK_ON_LOAD,
      onProcessLost: ({ message }) => {
        metrics.lostDecoders.inc();
        logger.warn({ reason: message }, 'a decoding process was lost');
      },
    });
    const limits = { maxFetches: MAX_FETCHES, maxDecodes: decodeProcesses };
    const stageOptions = {
      maxBatch,
      maxCalls,
      maxDelayMs: MAX_DELAY_MS,
      deadlineMs: settings.CAPTION_TIMEOUT_MS,
      generation: DEFAULT_GENERATION,
    };
    const leaseOptions = {
      // so that a tenant that is alone fills every call, and one call more is being prepared
      capacity: Math.ceil((maxBatch * (maxCalls + 1)) / MAX_SHARE),
      leaseMs: settings.LEASE_MS,
      workerId: `${hostname()}/${process.pid}/${randomUUID()}`,
    };
    return {
      module: PipelineModule,
      providers: [
        { provide: BaseModels, useValue: new BaseModels(captioner) },
        { provide: PicturePreparer, useValue: new PicturePreparer(sources, decoders, limits, metrics) },
        { provide: HeldLeases, useValue: new HeldLeases(leases, leaseOptions, metrics, logger) },
        {
          provide: OutcomeService,
          inject: [HeldLeases],
          useFactory: (held: HeldLeases) =>
            new OutcomeService(captioning, held, stageOptions.generation, metrics, logger),
        },
        {
          provide: CaptionStage,
          inject: [OutcomeService, HeldLeases],
          useFactory: (outcomes: OutcomeService, held: HeldLeases) =>
            new CaptionStage(captioner, outcomes, held, stageOptions, metrics, logger),
        },
        {
          provide: CaptionWorkerService,
          inject: [HeldLeases, BaseModels, PicturePreparer, CaptionStage, OutcomeService],
          useFactory: (
            held: HeldLeases,
            bases: BaseModels,
            preparer: PicturePreparer,
            stage: CaptionStage,
            outcomes: OutcomeService,
          ) =>
            new CaptionWorkerService(
              held,
              { leases, captioning },
              { bases, preparer, stage, outcomes },
              { leaseSize: maxBatch },
              logger,
            ),
        },
        { provide: KafkaFeedService, useFactory: () => openFeed({ settings, database, metrics, logger, onFailure }) },
        {
          provide: PipelineService,
          inject: [CaptionWorkerService, BaseModels, { token: KafkaFeedService, optional: true }],
          useFactory: (worker: CaptionWorkerService, bases: BaseModels, feed?: KafkaFeedService) =>
            new PipelineService(worker, bases, feed, { database, captioner, fetcher, decoders, webhooks }),
        },
      ],
    };
  }
}

function openFeed({ settings, database, metrics, logger, onFailure }: PipelineParts): KafkaFeedService | undefined {
  const { KAFKA_BROKERS: brokers, S3_NOTIFICATION_TOPIC: s3NotificationTopic } = settings;
  if (!brokers?.length) return undefined;
  const consumer = new LandingConsumer(
    new LandingRepository(database),
    new BucketMappingRepository(database),
    metrics,
    s3NotificationTopic,
  );
  const options = {
    brokers,
    security: kafkaSecurity(settings),
    groupId: settings.KAFKA_CONSUMER_GROUP,
    uploadTopic: settings.UPLOAD_TOPIC,
    s3NotificationTopic,
    isCreatingTopics: settings.KAFKA_CREATE_TOPICS,
    isPausing: settings.LANDING_PAUSES,
    sessionTimeoutMs: settings.KAFKA_SESSION_TIMEOUT_MS,
    leaseMs: settings.LEASE_MS,
    onFailure,
  };
  return new KafkaFeedService(consumer, new OutboxRepository(database), options, metrics, logger);
}
