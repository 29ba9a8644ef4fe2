const asked = (process.env['HOUSESTYLE_FULL'] ?? '').split(',');

/** Whether tests run their long version: `HOUSESTYLE_FULL=models npx vitest run --project system test/integration/…`. */
export const isFull = (subject: string): boolean => asked.includes(subject);
