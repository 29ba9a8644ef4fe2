import { z } from 'zod';

/** PostgreSQL stores neither NUL nor half a surrogate pair; a message that holds one could never land. */
// eslint-disable-next-line no-control-regex -- NUL is the point
const UNSTORABLE = /[\u0000\p{Surrogate}]/u;

/** Far above what anyone means, and far below what overflows a stack, ours or PostgreSQL's. */
const MAX_DEPTH = 100;

export const isStorable = (value: unknown): boolean => isStorableWithin(value, MAX_DEPTH);

function isStorableWithin(value: unknown, depth: number): boolean {
  if (typeof value === 'string') return !UNSTORABLE.test(value);
  if (value === null || typeof value !== 'object') return true;
  if (depth === 0) return false;
  return Object.entries(value).every(
    ([key, entry]) => isStorableWithin(key, depth) && isStorableWithin(entry, depth - 1),
  );
}

const MESSAGE = `holds a NUL character or half a surrogate pair, or is nested over ${MAX_DEPTH} deep`;

export const storableText = (maxLength: number) => z.string().min(1).max(maxLength).refine(isStorable, MESSAGE);
export const storableRecord = z.record(z.string(), z.unknown()).refine(isStorable, MESSAGE);
