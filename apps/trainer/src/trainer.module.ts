import {
  LearningRepository,
  MapperVersionRepository,
  TenantRepository,
  TrainingLifecycleRepository,
  TrainingRunRepository,
  TrainingScheduleRepository,
  type Database,
} from '@housestyle/database';
import type { TenantId } from '@housestyle/domain';
import type { TrainerSettings } from '@housestyle/settings';
import type { Logger } from '@housestyle/telemetry';
import { Module, type DynamicModule } from '@nestjs/common';
import { ScheduleModule, SchedulerRegistry } from '@nestjs/schedule';
import { AdaptationThread } from './adaptation/adaptation-thread.js';
import type { TrainingEngineChoice } from './adaptation/training-engine.js';
import type { LocalBases } from './local-bases.js';
import { RunQueueService } from './runs/run-queue.service.js';
import { TrainingRunService } from './runs/training-run.service.js';
import { ReviewWatchService } from './scheduling/review-watch.service.js';
import { TimetableService } from './scheduling/timetable.service.js';
import type { TrainerMetrics } from './trainer-metrics.js';
import { TrainerService } from './trainer.service.js';

/** With the usual settings ten minutes. */
const BASELESS_AFTER_POLLS = 40;

export interface TrainerParts {
  readonly settings: TrainerSettings;
  readonly database: Database;
  readonly bases: LocalBases;
  readonly engine: TrainingEngineChoice;
  /** the module an adaptation's thread runs; it calls `serveAdaptation` */
  readonly adaptation: URL;
  readonly metrics: TrainerMetrics;
  readonly logger: Logger;
}

@Module({})
export class TrainerModule {
  static of({ settings, database, bases, engine, adaptation, metrics, logger }: TrainerParts): DynamicModule {
    const { ARTEFACT_STORE: location, S3_ENDPOINT: endpoint, S3_REGION: region } = settings;
    const lifecycle = new TrainingLifecycleRepository(database, { maxEditorShare: settings.MAX_EDITOR_SHARE });
    const learning = new LearningRepository(database);
    const runs = new TrainingRunRepository(database);
    const options = {
      bases,
      store: { location, ...(endpoint && { endpoint }), ...(region && { region }) },
      baselessAfterMs: BASELESS_AFTER_POLLS * settings.TRAINER_POLL_MS,
      ...(settings.TRAINER_THREADS !== undefined && { threads: settings.TRAINER_THREADS }),
      engine,
    };
    return {
      module: TrainerModule,
      imports: [ScheduleModule.forRoot()],
      providers: [
        {
          provide: TimetableService,
          inject: [SchedulerRegistry],
          useFactory: (registry: SchedulerRegistry) => {
            const repositories = { schedules: new TrainingScheduleRepository(database), learning, runs };
            return new TimetableService(database, repositories, registry, logger);
          },
        },
        {
          provide: ReviewWatchService,
          useFactory: () => {
            const mappers = new MapperVersionRepository(database);
            const repositories = { learning, mappers, runs, tenants: new TenantRepository(database) };
            return new ReviewWatchService(database, repositories, metrics, logger);
          },
        },
        {
          provide: RunQueueService,
          inject: [ReviewWatchService],
          useFactory: (reviews: ReviewWatchService) => {
            const run = new TrainingRunService(lifecycle, new AdaptationThread(adaptation), options, metrics, logger);
            const onWorked = (tenant: TenantId): void => reviews.look([tenant]);
            const queueOptions = { pollMs: settings.TRAINER_POLL_MS, onWorked };
            return new RunQueueService(database.urls, lifecycle, run, queueOptions, logger);
          },
        },
        {
          provide: TrainerService,
          inject: [TimetableService, ReviewWatchService, RunQueueService],
          useFactory: (timetable: TimetableService, reviews: ReviewWatchService, queue: RunQueueService) =>
            new TrainerService(timetable, reviews, queue, database),
        },
      ],
    };
  }
}
