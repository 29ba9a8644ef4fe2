import { z } from 'zod';

export const MAX_PAGE_SIZE = 200;
export const DEFAULT_PAGE_SIZE = 50;

/** Keyset paging: `cursor` is the previous answer's `nextCursor`, opaque to the caller. */
export const PageQuerySchema = z.object({
  cursor: z.string().min(1).max(500).optional().describe('`nextCursor` of the previous page; absent for the first'),
  limit: z.coerce.number().int().min(1).max(MAX_PAGE_SIZE).default(DEFAULT_PAGE_SIZE).describe('rows per page'),
});

/** A page of `item`s, and where the next one starts; `null` on the last page. */
export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.object({ items: z.array(item), nextCursor: z.string().nullable() });
