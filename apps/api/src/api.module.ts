import { Module, type DynamicModule } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { MulterModule } from '@nestjs/platform-express';
import { ThrottlerModule } from '@nestjs/throttler';
import {
  ApiKeyRepository,
  AssetRepository,
  BucketMappingRepository,
  Database,
  ErasureRepository,
  InterpretationRepository,
  LandingRepository,
  LearningRepository,
  MapperVersionRepository,
  ReviewRepository,
  SuggestionRepository,
  TenantRepository,
  TrainingRunRepository,
  TrainingScheduleRepository,
  WebhookRepository,
  WebhookSecrets,
} from '@housestyle/database';
import { CaptionerClient } from '@housestyle/contracts/captioner';
import type { ObjectStore } from '@housestyle/object-store';
import type { ApiSettings } from '@housestyle/settings';
import { Metrics, type Logger } from '@housestyle/telemetry';
import { AccessGuard } from './access/access.guard.js';
import { KeyRing } from './access/key-ring.service.js';
import { SessionController } from './access/session.controller.js';
import { SessionService } from './access/session.service.js';
import { ApiKeysController } from './api-keys/api-keys.controller.js';
import { ApiKeysService } from './api-keys/api-keys.service.js';
import { AssetsController } from './assets/assets.controller.js';
import { AssetsService } from './assets/assets.service.js';
import { UploadLocation } from './assets/upload-location.js';
import { UploadStorage } from './assets/upload-storage.js';
import { UploadsService } from './assets/uploads.service.js';
import { ErasuresController } from './erasures/erasures.controller.js';
import { ErasuresService } from './erasures/erasures.service.js';
import { LearningController } from './learning/learning.controller.js';
import { LearningService } from './learning/learning.service.js';
import { RateLimitGuard } from './limits/rate-limit.guard.js';
import { rateLimits } from './limits/rate-limits.js';
import { LiveEvents } from './live/live-events.service.js';
import { LiveSources } from './live/live-sources.service.js';
import { LiveStreams } from './live/live-streams.service.js';
import { MappersController } from './mappers/mappers.controller.js';
import { MappersService } from './mappers/mappers.service.js';
import { OperationsController } from './operations/operations.controller.js';
import { InterpretationService } from './suggestions/interpretation.service.js';
import { SuggestionsController } from './suggestions/suggestions.controller.js';
import { SuggestionsService } from './suggestions/suggestions.service.js';
import { API_SETTINGS, LOGGER } from './tokens.js';
import { TrainingRunsController } from './training/training-runs.controller.js';
import { TrainingRunsService } from './training/training-runs.service.js';
import { WebhooksController } from './webhooks/webhooks.controller.js';
import { WebhooksService } from './webhooks/webhooks.service.js';

/** What the process opened before the module: every connection to the outside. */
export interface Outside {
  readonly settings: ApiSettings;
  readonly database: Database;
  readonly uploadStore: ObjectStore;
  readonly captioner: CaptionerClient;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/** Text fields of an upload: a few names and a context. */
const MAX_FIELD_BYTES = 64 * 1024;
const MAX_FIELDS = 8;

const REPOSITORIES = [
  ApiKeyRepository,
  AssetRepository,
  BucketMappingRepository,
  ErasureRepository,
  InterpretationRepository,
  LandingRepository,
  LearningRepository,
  MapperVersionRepository,
  ReviewRepository,
  SuggestionRepository,
  TenantRepository,
  TrainingRunRepository,
  TrainingScheduleRepository,
];

@Module({})
class ApiModule {}

export function apiModule({ settings, database, uploadStore, captioner, metrics, logger }: Outside): DynamicModule {
  return {
    module: ApiModule,
    imports: [
      ThrottlerModule.forRoot(rateLimits(settings)),
      MulterModule.register({
        storage: new UploadStorage(uploadStore),
        defParamCharset: 'utf8',
        limits: {
          fileSize: settings.UPLOAD_MAX_BYTES,
          files: settings.UPLOAD_MAX_FILES,
          fields: MAX_FIELDS,
          fieldSize: MAX_FIELD_BYTES,
        },
      }),
    ],
    controllers: [
      AssetsController,
      SuggestionsController,
      MappersController,
      LearningController,
      TrainingRunsController,
      ErasuresController,
      ApiKeysController,
      WebhooksController,
      SessionController,
      OperationsController,
    ],
    providers: [
      { provide: API_SETTINGS, useValue: settings },
      { provide: LOGGER, useValue: logger },
      { provide: Database, useValue: database },
      { provide: Metrics, useValue: metrics },
      { provide: CaptionerClient, useValue: captioner },
      { provide: UploadLocation, useValue: new UploadLocation(uploadStore) },
      { provide: APP_GUARD, useClass: AccessGuard },
      { provide: APP_GUARD, useClass: RateLimitGuard },
      ...REPOSITORIES.map((repository) => ({
        provide: repository,
        useFactory: () => new repository(database),
      })),
      {
        provide: WebhookRepository,
        useFactory: () =>
          new WebhookRepository(database, WebhookSecrets.of(settings.WEBHOOK_SECRET_KEY, database.urls.appUrl)),
      },
      KeyRing,
      SessionService,
      AssetsService,
      UploadsService,
      SuggestionsService,
      InterpretationService,
      MappersService,
      LearningService,
      TrainingRunsService,
      ErasuresService,
      ApiKeysService,
      WebhooksService,
      LiveStreams,
      LiveSources,
      LiveEvents,
    ],
  };
}
