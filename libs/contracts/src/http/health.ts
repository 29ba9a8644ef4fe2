import { z } from 'zod';

/** `GET /healthz` (the process runs) and `GET /readyz` (and its database answers; else 503). */
export const HealthSchema = z.object({ status: z.enum(['ok', 'unavailable']) }).meta({ id: 'Health' });
export type Health = z.infer<typeof HealthSchema>;
