import { z } from 'zod';

/** A tenant's own weights; the base's own mapper is not listed. */
export const MapperVersionSchema = z
  .object({
    id: z.guid(),
    name: z.string(),
    baseModel: z.string(),
    sha256: z.string(),
    isChampion: z.boolean().describe('this one writes the tenant’s captions now'),
    createdAt: z.iso.datetime(),
    promotedAt: z.iso.datetime().nullable(),
  })
  .meta({ id: 'MapperVersion' });
export type MapperVersion = z.infer<typeof MapperVersionSchema>;

/** `GET /v1/mappers` → 200, newest first. No champion: the base model's own mapper writes. */
export const MapperListSchema = z
  .object({ championId: z.guid().nullable(), items: z.array(MapperVersionSchema) })
  .meta({ id: 'MapperList' });
export type MapperList = z.infer<typeof MapperListSchema>;
