import { z } from 'zod';

/** A row's id in a path. Whether it is another tenant's or nobody's makes no difference: 404. */
export const ROW_ID = z.guid('expected a UUID').toLowerCase();
