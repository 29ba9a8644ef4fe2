import { Injectable } from '@nestjs/common';
import type { Learning, TrainingSchedule } from '@housestyle/contracts';
import {
  LearningRepository,
  MapperVersionRepository,
  TenantRepository,
  TrainingRunRepository,
  TrainingScheduleRepository,
} from '@housestyle/database';
import type { TenantId, TrainingSchedule as Schedule } from '@housestyle/domain';
import { presentTrainingRun } from '../training/present-training-run.js';
import { learningCurve } from './learning-curve.js';

const MAX_PROMOTIONS = 100;

@Injectable()
export class LearningService {
  constructor(
    private readonly learning: LearningRepository,
    private readonly schedules: TrainingScheduleRepository,
    private readonly runs: TrainingRunRepository,
    private readonly mappers: MapperVersionRepository,
    private readonly tenants: TenantRepository,
  ) {}

  async get(tenant: TenantId): Promise<Learning> {
    const { readiness, schedule } = await this.learning.readiness(tenant);
    const [runs, verdicts, promotions, champion, versions, owner] = await Promise.all([
      this.runs.list(tenant, { limit: 2 }),
      this.learning.verdicts(tenant),
      this.mappers.promotions(tenant, MAX_PROMOTIONS),
      this.mappers.champion(tenant),
      this.mappers.list(tenant),
      this.tenants.get(tenant),
    ]);
    // one at most is active, and it is the newest
    const activeRun = runs.items.find(({ finishedAt }) => finishedAt === undefined);
    const lastRun = runs.items.find(({ finishedAt }) => finishedAt !== undefined);
    const version = versions.find(({ id }) => id === champion?.id);
    return {
      readiness,
      schedule: present(schedule),
      activeRun: activeRun ? presentTrainingRun(activeRun) : null,
      lastRun: lastRun ? presentTrainingRun(lastRun) : null,
      champion: version ? { id: version.id, name: version.name } : null,
      curve: learningCurve(verdicts, promotions.reverse(), owner?.baseModel ?? ''),
    };
  }

  async setSchedule(tenant: TenantId, schedule: TrainingSchedule): Promise<TrainingSchedule> {
    const { isEnabled, cron, newReviews, minimumSamples } = schedule;
    await this.schedules.put(tenant, {
      isEnabled,
      cron: cron ?? undefined,
      newReviews: newReviews ?? undefined,
      minimumSamples,
    });
    return present(await this.schedules.get(tenant));
  }
}

const present = ({ isEnabled, cron, newReviews, minimumSamples }: Schedule): TrainingSchedule => ({
  isEnabled,
  cron: cron ?? null,
  newReviews: newReviews ?? null,
  minimumSamples,
});
