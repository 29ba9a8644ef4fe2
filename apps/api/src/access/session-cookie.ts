import type { CookieOptions, Request } from 'express';
import { SESSION_COOKIE } from '@housestyle/contracts';

const WEEK_MS = 7 * 24 * 3_600_000;

/**
 * The cookie holds the API key itself: revoking the key ends the session everywhere at once, any number of api
 * processes agree without a shared secret, and no script can read it.
 */
export const sessionCookieOptions = (isSecure: boolean): CookieOptions => ({
  httpOnly: true,
  sameSite: 'strict',
  secure: isSecure,
  path: '/v1',
  maxAge: WEEK_MS,
});

/** The key in the session cookie, if there is one. */
export function sessionKeyOf(request: Request): string | undefined {
  for (const pair of (request.headers.cookie ?? '').split(';')) {
    const equals = pair.indexOf('=');
    if (equals < 0 || pair.slice(0, equals).trim() !== SESSION_COOKIE) continue;
    return decode(pair.slice(equals + 1).trim());
  }
  return undefined;
}

function decode(value: string): string | undefined {
  try {
    return decodeURIComponent(value);
  } catch {
    return undefined;
  }
}
