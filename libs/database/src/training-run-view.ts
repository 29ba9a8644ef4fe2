import type { TrainingStatus, TrainingTrigger } from '@housestyle/domain';
import type { Prisma } from './generated/client.js';

/** How far a run is. */
export interface TrainingProgress {
  readonly stage: string;
  readonly step: number;
  readonly steps: number;
  readonly loss: number | null;
}

export interface CurvePoint {
  readonly step: number;
  readonly loss: number | null;
}

/** A held-out caption: what a person wrote, what the champion says, what the candidate says. */
export interface HoldOutExample {
  /** the suggestion's id */
  readonly id: string;
  readonly reference: string;
  readonly before: string;
  readonly after: string;
}

export interface TrainingRunView {
  readonly id: string;
  readonly status: TrainingStatus;
  readonly trigger: TrainingTrigger;
  readonly requestedBy?: string;
  readonly requestedAt: Date;
  readonly startedAt?: Date;
  readonly finishedAt?: Date;
  readonly baseModel?: string;
  readonly trainingCount: number;
  readonly correctedCount: number;
  readonly holdOutCount: number;
  readonly attempts: number;
  readonly isCancelRequested: boolean;
  readonly progress?: TrainingProgress;
  /** as the gate reported them */
  readonly figures?: Readonly<Record<string, unknown>>;
  readonly reason?: string;
  readonly trainableParameters?: number;
  readonly seconds?: number;
  /** undefined: the base's own */
  readonly championBefore?: { readonly id: string; readonly name: string };
  /** what it made, if that was promoted */
  readonly mapperVersion?: { readonly id: string; readonly name: string };
}

export interface TrainingRunDetail extends TrainingRunView {
  readonly curve: readonly CurvePoint[];
  readonly examples: readonly HoldOutExample[];
}

const NAMED = { select: { id: true, name: true } } as const;

/** What a `TrainingRunView` is read from: all but what only the detail shows. */
export const RUN_PARTS = {
  omit: { curve: true, examples: true },
  include: { championBefore: NAMED, mapperVersion: NAMED },
} as const;
export const RUN_DETAIL_PARTS = { include: RUN_PARTS.include } as const;

type RunRow = Prisma.TrainingRunGetPayload<typeof RUN_PARTS>;
type RunDetailRow = Prisma.TrainingRunGetPayload<typeof RUN_DETAIL_PARTS>;

export function toRunView(row: RunRow): TrainingRunView {
  return {
    id: row.id,
    status: row.status,
    trigger: row.trigger,
    requestedBy: row.requestedBy ?? undefined,
    requestedAt: row.requestedAt,
    startedAt: row.startedAt ?? undefined,
    finishedAt: row.finishedAt ?? undefined,
    baseModel: row.baseModel ?? undefined,
    trainingCount: row.trainingCount,
    correctedCount: row.correctedCount,
    holdOutCount: row.holdOutCount,
    attempts: row.attempts,
    isCancelRequested: row.isCancelRequested,
    // these three are written by the repositories of this room only
    progress: (row.progress as TrainingProgress | null) ?? undefined,
    figures: (row.figures as Record<string, unknown> | null) ?? undefined,
    reason: row.reason ?? undefined,
    trainableParameters: row.trainableParameters ?? undefined,
    seconds: row.seconds ?? undefined,
    championBefore: row.championBefore ?? undefined,
    mapperVersion: row.mapperVersion ?? undefined,
  };
}

export function toRunDetail(row: RunDetailRow): TrainingRunDetail {
  return {
    ...toRunView(row),
    curve: row.curve as unknown as CurvePoint[],
    examples: row.examples as unknown as HoldOutExample[],
  };
}
