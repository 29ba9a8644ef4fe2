import { Injectable } from '@nestjs/common';
import type { PageQuerySchema, TrainingRun, TrainingRunDetail, TrainingRunPage } from '@housestyle/contracts';
import { LearningRepository, SuggestionRepository, TrainingRunRepository } from '@housestyle/database';
import { DomainError, type TenantId } from '@housestyle/domain';
import type { z } from 'zod';
import type { Caller } from '../access/caller.js';
import { presentTrainingRun, presentTrainingRunDetail } from './present-training-run.js';

@Injectable()
export class TrainingRunsService {
  constructor(
    private readonly runs: TrainingRunRepository,
    private readonly learning: LearningRepository,
    private readonly suggestions: SuggestionRepository,
  ) {}

  async list(tenant: TenantId, page: z.output<typeof PageQuerySchema>): Promise<TrainingRunPage> {
    const { items, nextCursor } = await this.runs.list(tenant, page);
    return { items: items.map(presentTrainingRun), nextCursor: nextCursor ?? null };
  }

  async get(tenant: TenantId, id: string): Promise<TrainingRunDetail> {
    const run = await this.runs.get(tenant, id);
    if (!run) throw noSuchRun(id);
    const pictures = await this.suggestions.previewsOf(
      tenant,
      run.examples.map((example) => example.id),
    );
    return presentTrainingRunDetail(run, pictures);
  }

  async find(tenant: TenantId, id: string): Promise<TrainingRun | undefined> {
    const run = await this.runs.summary(tenant, id);
    return run && presentTrainingRun(run);
  }

  /** New reviews are not asked for: whoever asks may have another reason. Enough pictures are. */
  async request({ tenantId, keyPrefix }: Caller): Promise<TrainingRun> {
    const { readiness } = await this.learning.readiness(tenantId);
    if (readiness.state !== 'ready') {
      throw new DomainError('conflict', `${readiness.missing} more reviewed pictures are needed to learn from`);
    }
    const { run } = await this.runs.request(tenantId, 'demand', keyPrefix);
    return presentTrainingRun(run);
  }

  async cancel(tenant: TenantId, id: string): Promise<TrainingRun> {
    const run = await this.runs.cancel(tenant, id);
    if (!run) throw noSuchRun(id);
    return presentTrainingRun(run);
  }
}

const noSuchRun = (id: string) => new DomainError('not_found', `no training run ${id}`);
