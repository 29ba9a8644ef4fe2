/** Set for the long runs, whose figures stand in docs/trust.md; they take minutes. */
const isFull = process.env['HOUSESTYLE_FULL'] === 'tenants';

/** How much of something a run has: few in `npm test`, many when `HOUSESTYLE_FULL=tenants`. */
export const fewOrMany = (few: number, many: number): number => (isFull ? many : few);

/** Time enough for either. */
export const RUN_TIMEOUT_MS = isFull ? 3_600_000 : 180_000;
