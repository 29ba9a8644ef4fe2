import { isFull } from '../support/full.js';

/** How much of something a run has: few in `npm test`, many when `HOUSESTYLE_FULL=tenants`, whose figures docs/trust.md has. */
export const fewOrMany = (few: number, many: number): number => (isFull('tenants') ? many : few);

/** Time enough for either. */
export const RUN_TIMEOUT_MS = fewOrMany(180_000, 3_600_000);
