import { DomainError } from '@housestyle/domain';
import { openObjectStore, type ObjectStore } from '@housestyle/object-store';
import type { CaptionerSettings } from '@housestyle/settings';
import type { Logger } from '@housestyle/telemetry';
import { Module, type DynamicModule } from '@nestjs/common';
import { CaptionService } from './caption.service.js';
import { CaptionWorkers } from './caption-workers.js';
import { CaptionerController } from './captioner.controller.js';
import { CaptionerMetrics } from './captioner-metrics.js';
import { ItemRunner } from './item-runner.js';
import { MapperCache } from './mapper-cache.js';
import { MapperFolders } from './mapper-folders.js';
import { ServingGate } from './serving-gate.js';

export interface CaptionerParts {
  readonly settings: CaptionerSettings;
  readonly workers: CaptionWorkers;
  readonly logger: Logger;
  readonly metrics: CaptionerMetrics;
  readonly gate: ServingGate;
}

@Module({})
export class CaptionerModule {
  static of({ settings, workers, logger, metrics, gate }: CaptionerParts): DynamicModule {
    const folders = new MapperFolders(settings.MAPPER_CACHE, settings.MAPPER_CACHE_DISK_BYTES, (error) =>
      logger.warn({ reason: String(error) }, 'the mapper cache could not be trimmed'),
    );
    void folders.trim();
    const mappers = new MapperCache(openArtefactStore(settings), folders, settings.MAPPER_PULL_TIMEOUT_MS);
    return {
      module: CaptionerModule,
      controllers: [CaptionerController],
      providers: [
        CaptionService,
        ItemRunner,
        { provide: CaptionWorkers, useValue: workers },
        { provide: MapperCache, useValue: mappers },
        { provide: CaptionerMetrics, useValue: metrics },
        { provide: ServingGate, useValue: gate },
      ],
    };
  }
}

function openArtefactStore({ ARTEFACT_STORE, S3_ENDPOINT, S3_REGION }: CaptionerSettings): ObjectStore {
  try {
    return openObjectStore(ARTEFACT_STORE, { endpoint: S3_ENDPOINT, region: S3_REGION });
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new DomainError('invalid_settings', `ARTEFACT_STORE: ${message}`, { cause });
  }
}
