import type { LearningCurve } from '@housestyle/contracts';
import type { DatedVerdict, NamedPromotion } from '@housestyle/database';
import { BASE_MAPPER_ID, liveQuality } from '@housestyle/domain';

const MAX_GROUPS = 40;
/** fewer say nothing about a rate */
const MIN_GROUP = 10;

/**
 * @param verdicts oldest first
 * @param promotions oldest first
 */
export function learningCurve(
  verdicts: readonly DatedVerdict[],
  promotions: readonly NamedPromotion[],
  baseModel: string,
): LearningCurve {
  const byDay = groupBy(verdicts, ({ reviewedAt }) => reviewedAt.toISOString().slice(0, 10));
  const byMapper = groupBy(verdicts, ({ mapperId }) => mapperId);
  return {
    groups: inGroups(verdicts).map((group) => ({
      from: group[0]!.reviewedAt.toISOString(),
      to: group.at(-1)!.reviewedAt.toISOString(),
      ...qualityOf(group),
    })),
    promotions: promotions.map(({ mapperVersionId, mapperName, kind, promotedAt }) => ({
      mapperId: mapperVersionId,
      name: mapperName ?? baseModel,
      kind,
      promotedAt: promotedAt.toISOString(),
      reviewsBefore: verdicts.filter(({ reviewedAt }) => reviewedAt < promotedAt).length,
    })),
    days: [...byDay].map(([date, group]) => ({ date, ...qualityOf(group) })),
    mappers: [...byMapper].map(([mapperId, group]) => ({
      mapperId,
      name: group[0]?.mapperName ?? (mapperId === BASE_MAPPER_ID ? baseModel : mapperId),
      ...qualityOf(group),
    })),
  };
}

/** Of equal size but for the last, which takes up what would be too few by itself. */
function inGroups(verdicts: readonly DatedVerdict[]): DatedVerdict[][] {
  const size = Math.max(MIN_GROUP, Math.ceil(verdicts.length / MAX_GROUPS));
  const groups: DatedVerdict[][] = [];
  for (let at = 0; at < verdicts.length; at += size) {
    const rest = verdicts.length - at;
    const isLast = rest < size + MIN_GROUP;
    groups.push(verdicts.slice(at, isLast ? undefined : at + size));
    if (isLast) break;
  }
  return groups;
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
