import { DomainError } from '@housestyle/domain';
import { errors, request, type Agent } from 'undici';

import { collectBytes, tooLarge } from './collect-bytes.js';
import { assertHttpUri, type HttpUriRule } from './outbound-rules.js';

export interface HttpSourceLimits extends HttpUriRule {
  readonly maxBytes: number;
  readonly maxRedirects: number;
}

export interface FetchedImage {
  readonly bytes: Buffer;
  readonly contentType?: string;
}

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/**
 * GETs `uri`, following redirects by hand so that each hop passes the same checks. No credentials, cookies or referrer
 * go out; the body is taken as it comes (a content encoding is never expanded, so it cannot grow here).
 */
export async function readHttpSource(
  uri: URL,
  agent: Agent,
  limits: HttpSourceLimits,
  signal: AbortSignal,
): Promise<FetchedImage> {
  let current = uri;
  for (let hop = 0; hop <= limits.maxRedirects; hop++) {
    assertHttpUri(current, limits);
    try {
      const { statusCode, headers, body } = await request(current, {
        dispatcher: agent,
        signal,
        headers: { accept: 'image/*', 'accept-encoding': 'identity', 'user-agent': 'housestyle' },
      });
      if (statusCode === 200) {
        // not a number where there is none
        const announcedBytes = Number(headers['content-length']);
        if (announcedBytes > limits.maxBytes) {
          body.on('error', () => undefined).destroy();
          throw tooLarge(limits.maxBytes);
        }
        const contentType = headers['content-type'];
        const bytes = await collectBytes(body as AsyncIterable<Buffer>, limits.maxBytes, announcedBytes);
        return { bytes, ...(typeof contentType === 'string' ? { contentType } : {}) };
      }
      // the body of any other answer is not wanted; the connection goes with it
      body.on('error', () => undefined).destroy();
      current = REDIRECTS.has(statusCode) ? redirectTarget(current, headers.location) : refused(statusCode);
    } catch (error) {
      throw toSourceError(error, current, limits.maxBytes);
    }
  }
  throw new DomainError('too_many_redirects', `More than ${limits.maxRedirects} redirects`);
}

function redirectTarget(from: URL, location: string | string[] | undefined): URL {
  if (typeof location !== 'string' || !URL.canParse(location, from.href)) {
    throw new DomainError('source_not_found', 'A redirect without a usable target');
  }
  return new URL(location, from);
}

function refused(status: number): never {
  if (status === 401 || status === 403 || status === 407 || status === 451) {
    throw new DomainError('source_forbidden', `The server answered ${status}`);
  }
  if (status === 408 || status === 425 || status === 429 || status >= 500) {
    throw new DomainError('source_unavailable', `The server answered ${status}`);
  }
  throw new DomainError('source_not_found', `The server answered ${status}`);
}

/** What went wrong on the way to `host`, in the words of an asset. */
export function toSourceError(error: unknown, { host }: URL, maxBytes: number): unknown {
  if (error instanceof DomainError) return error;
  if (error instanceof errors.ResponseExceededMaxSizeError) return tooLarge(maxBytes);
  if (
    error instanceof errors.ConnectTimeoutError ||
    error instanceof errors.HeadersTimeoutError ||
    error instanceof errors.BodyTimeoutError
  ) {
    return new DomainError('source_timeout', `${host} did not answer in time`, { cause: error });
  }
  const reason = (error as NodeJS.ErrnoException).code ?? (error as Error).name;
  return new DomainError('source_unavailable', `${host} did not deliver (${reason})`, { cause: error });
}
