import type { MapperVersion, Promotion } from '@housestyle/contracts';
import type { MapperVersionView, PromotionView } from '@housestyle/database';

export const presentPromotion = ({
  mapperVersionId,
  promotedAt,
  promotedBy,
  ...promotion
}: PromotionView): Promotion => ({
  mapperId: mapperVersionId,
  ...promotion,
  promotedBy: promotedBy ?? null,
  promotedAt: promotedAt.toISOString(),
});

export function presentMapper(version: MapperVersionView, championId: string | undefined): MapperVersion {
  const { id, name, baseModel, kind, sha256, createdAt, promotedAt, promotion, trainingRunId, figures } = version;
  return {
    id,
    name,
    baseModel,
    kind,
    sha256,
    isChampion: id === championId,
    createdAt: createdAt.toISOString(),
    promotedAt: promotedAt?.toISOString() ?? null,
    promotion: promotion ? presentPromotion(promotion) : null,
    trainingRunId: trainingRunId ?? null,
    figures,
  };
}
