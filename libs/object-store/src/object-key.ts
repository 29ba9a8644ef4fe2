import { DomainError } from '@housestyle/domain';

const MAX_KEY_BYTES = 512;
const MAX_SEGMENT_BYTES = 200;
const CONTROL_OR_LONE_SURROGATE = /[\p{Cc}\p{Cs}]/u;

/**
 * A key is `/`-separated names. Refused (`invalid_request`): empty keys and names, absolute keys, backslashes, control
 * characters, more than 512 bytes (200 a name), and names starting with a dot, which covers `.`, `..` and the store's
 * own folder for unfinished writes.
 */
export function assertObjectKey(key: string): void {
  const isValid =
    byteLength(key) <= MAX_KEY_BYTES &&
    !key.includes('\\') &&
    !CONTROL_OR_LONE_SURROGATE.test(key) &&
    key.split('/').every((name) => name !== '' && !name.startsWith('.') && byteLength(name) <= MAX_SEGMENT_BYTES);
  if (!isValid) throw new DomainError('invalid_request', `Not an object key: ${JSON.stringify(key.slice(0, 80))}`);
}

const byteLength = (text: string): number => Buffer.byteLength(text, 'utf8');
