import { DomainError } from '@housestyle/domain';

/** Where a page ended: rows are ordered by time, then id, newest first. */
export interface Keyset {
  readonly at: Date;
  readonly id: string;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  /** opaque; undefined on the last page */
  readonly nextCursor?: string;
}

export interface PageRequest {
  readonly limit: number;
  readonly cursor?: string;
}

export function encodeCursor({ at, id }: Keyset): string {
  return Buffer.from(`${at.getTime()} ${id}`).toString('base64url');
}

/** @throws DomainError `invalid_request` for anything `encodeCursor` did not write. */
export function decodeCursor(cursor: string): Keyset {
  const match = /^(\d{1,15}) ([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/.exec(
    Buffer.from(cursor, 'base64url').toString(),
  );
  if (!match) throw new DomainError('invalid_request', 'the cursor is malformed');
  return { at: new Date(Number(match[1])), id: match[2]! };
}

/** A page out of `limit + 1` rows: the one too many says that there is another page. */
export function toPage<Row, Item>(
  rows: readonly Row[],
  limit: number,
  toItem: (row: Row) => Item,
  keysetOf: (row: Row) => Keyset,
): Page<Item> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return {
    items: shown.map(toItem),
    ...(rows.length > limit && last ? { nextCursor: encodeCursor(keysetOf(last)) } : {}),
  };
}
