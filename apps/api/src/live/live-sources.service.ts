import { Injectable } from '@nestjs/common';
import type { StreamEvent, StreamEventType } from '@housestyle/contracts';
import {
  FAILURE_CHANNEL,
  PROMOTION_CHANNEL,
  REVIEW_CHANNEL,
  SUGGESTION_CHANNEL,
  TRAINING_CHANNEL,
} from '@housestyle/database';
import type { TenantId } from '@housestyle/domain';
import { AssetsService } from '../assets/assets.service.js';
import { MappersService } from '../mappers/mappers.service.js';
import { SuggestionsService } from '../suggestions/suggestions.service.js';
import { TrainingRunsService } from '../training/training-runs.service.js';

/** A channel of the database, and what becomes of a notification there: the row it names, as the tenant may see it. */
export interface LiveSource {
  readonly channel: string;
  load(tenant: TenantId, id: string): Promise<StreamEvent | undefined>;
}

@Injectable()
export class LiveSources {
  readonly all: readonly LiveSource[];

  constructor(
    suggestions: SuggestionsService,
    assets: AssetsService,
    runs: TrainingRunsService,
    mappers: MappersService,
  ) {
    this.all = [
      source(SUGGESTION_CHANNEL, 'suggestion.created', (tenant, id) => suggestions.find(tenant, id)),
      source(REVIEW_CHANNEL, 'suggestion.reviewed', (tenant, id) => suggestions.find(tenant, id)),
      source(FAILURE_CHANNEL, 'asset.failed', (tenant, id) => assets.find(tenant, id)),
      source(TRAINING_CHANNEL, 'training.updated', (tenant, id) => runs.find(tenant, id)),
      source(PROMOTION_CHANNEL, 'mapper.promoted', (tenant) => mappers.latestPromotion(tenant)),
    ];
  }
}

type DataOf<Type extends StreamEventType> = Extract<StreamEvent, { type: Type }>['data'];

function source<Type extends StreamEventType>(
  channel: string,
  type: Type,
  find: (tenant: TenantId, id: string) => Promise<DataOf<Type> | undefined>,
): LiveSource {
  return {
    channel,
    async load(tenant, id) {
      const data = await find(tenant, id);
      return data && ({ type, data } as StreamEvent);
    },
  };
}
