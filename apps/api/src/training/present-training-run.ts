import type { TrainingRun, TrainingRunDetail } from '@housestyle/contracts';
import type { AssetRowId, TrainingRunDetail as RunDetailRow, TrainingRunView } from '@housestyle/database';
import { previewUrl } from '../assets/present-asset.js';

export function presentTrainingRun(run: TrainingRunView): TrainingRun {
  return {
    id: run.id,
    status: run.status,
    trigger: run.trigger,
    requestedBy: run.requestedBy ?? null,
    requestedAt: run.requestedAt.toISOString(),
    startedAt: run.startedAt?.toISOString() ?? null,
    finishedAt: run.finishedAt?.toISOString() ?? null,
    isCancelRequested: run.isCancelRequested,
    counts: { training: run.trainingCount, corrected: run.correctedCount, holdOut: run.holdOutCount },
    progress: run.progress ?? null,
    reason: run.reason ?? null,
    figures: run.figures ?? null,
    trainableParameters: run.trainableParameters ?? null,
    seconds: run.seconds ?? null,
    championBefore: run.championBefore ?? null,
    mapper: run.mapperVersion ?? null,
  };
}

/** @param pictures assets with a preview, by suggestion */
export function presentTrainingRunDetail(
  run: RunDetailRow,
  pictures: ReadonlyMap<string, AssetRowId>,
): TrainingRunDetail {
  return {
    ...presentTrainingRun(run),
    curve: [...run.curve],
    examples: run.examples.map(({ id, reference, before, after }) => {
      const asset = pictures.get(id);
      const url = asset === undefined ? null : previewUrl(asset, true);
      return { suggestionId: id, previewUrl: url, reference, before, after };
    }),
  };
}
