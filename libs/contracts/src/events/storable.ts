import { z } from 'zod';

/** PostgreSQL stores neither NUL nor half a surrogate pair; a message that holds one could never land. */
// eslint-disable-next-line no-control-regex -- NUL is the point
const UNSTORABLE = /[\u0000\p{Surrogate}]/u;

export const isStorable = (value: unknown): boolean => {
  if (typeof value === 'string') return !UNSTORABLE.test(value);
  if (Array.isArray(value)) return value.every(isStorable);
  if (value !== null && typeof value === 'object') {
    return Object.entries(value).every(([key, entry]) => isStorable(key) && isStorable(entry));
  }
  return true;
};

const MESSAGE = 'holds a NUL character or half a surrogate pair';

export const storableText = (maxLength: number) => z.string().min(1).max(maxLength).refine(isStorable, MESSAGE);
export const storableRecord = z.record(z.string(), z.unknown()).refine(isStorable, MESSAGE);
