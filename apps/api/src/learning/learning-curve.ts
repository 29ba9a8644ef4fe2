import type { LearningCurve } from '@housestyle/contracts';
import type { DatedVerdict } from '@housestyle/database';
import { BASE_MAPPER_ID, liveQuality } from '@housestyle/domain';

/** @param verdicts oldest first */
export function learningCurve(verdicts: readonly DatedVerdict[], baseModel: string): LearningCurve {
  const byDay = groupBy(verdicts, ({ reviewedAt }) => reviewedAt.toISOString().slice(0, 10));
  const byMapper = groupBy(verdicts, ({ mapperId }) => mapperId);
  return {
    days: [...byDay].map(([date, group]) => ({ date, ...qualityOf(group) })),
    mappers: [...byMapper].map(([mapperId, group]) => ({
      mapperId,
      name: group[0]?.mapperName ?? (mapperId === BASE_MAPPER_ID ? baseModel : mapperId),
      ...qualityOf(group),
    })),
  };
}

function qualityOf(verdicts: readonly DatedVerdict[]) {
  const { nReviews, acceptRate, editDistance } = liveQuality(verdicts);
  return { reviews: nReviews, acceptRate, editDistance };
}

function groupBy(
  verdicts: readonly DatedVerdict[],
  keyOf: (verdict: DatedVerdict) => string,
): ReadonlyMap<string, readonly DatedVerdict[]> {
  const groups = new Map<string, DatedVerdict[]>();
  for (const verdict of verdicts) {
    const key = keyOf(verdict);
    const group = groups.get(key);
    if (group) group.push(verdict);
    else groups.set(key, [verdict]);
  }
  return groups;
}
