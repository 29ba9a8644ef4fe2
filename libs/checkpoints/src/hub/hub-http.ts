import { setTimeout as sleep } from 'node:timers/promises';
import { DomainError } from '@housestyle/domain';
import { PassingFailure, QuietLimit } from './quiet-limit.js';

export interface HubHttpOptions {
  /** the hub, or a mirror. */
  readonly endpoint: string;
  /** sent to the endpoint only, never where it redirects to. */
  readonly token?: string | undefined;
  /** how long a server may send nothing. */
  readonly timeoutMs?: number;
  /** before the first repetition; twice as long before each further one. */
  readonly retryDelayMs?: number;
}

/** An answer, its body not yet read. */
export interface HubResponse {
  readonly status: number;
  /** the answer's own, else of the last redirect to it that has one. */
  header(name: string): string | undefined;
  readonly body: AsyncIterable<Uint8Array>;
  /** lets go of the connection. */
  close(): void;
}

type RequestHeaders = Readonly<Record<string, string>>;

export const MAX_ATTEMPTS = 5;
const MAX_DELAY_MS = 30_000;
const MAX_REDIRECTS = 5;
const REDIRECTS = [301, 302, 303, 307, 308];
const WORTH_A_RETRY = [408, 425, 429, 500, 502, 503, 504];
export const RANGE_NOT_SATISFIABLE = 416;

/** HTTP as the hub speaks it: whom the token is told, where redirects may lead, what is asked again. */
export class HubHttp {
  private readonly endpoint: URL;
  private readonly timeoutMs: number;
  private readonly retryDelayMs: number;

  constructor(private readonly options: HubHttpOptions) {
    this.endpoint = new URL(options.endpoint.replace(/\/*$/, '/'));
    this.timeoutMs = options.timeoutMs ?? 10_000;
    this.retryDelayMs = options.retryDelayMs ?? 500;
  }

  /** @param path under the endpoint, percent-encoded */
  url(path: string): URL {
    return new URL(path, this.endpoint);
  }

  async get(url: URL): Promise<HubResponse> {
    return this.retrying(() => this.send('GET', url));
  }

  /** What the hub says of a file: another host is not asked. */
  async head(url: URL): Promise<HubResponse> {
    return this.retrying(() => this.send('HEAD', url));
  }

  /** Bytes of a file, asked for once: from `offset` on if the server can (206), else all (200), or none (416). */
  async bytes(url: URL, offset: number): Promise<HubResponse> {
    return this.send('GET', url, offset > 0 ? { range: `bytes=${offset}-` } : {});
  }

  /**
   * Does `work` until it is done, or fails for good, or has failed five times with no `progress()` in between.
   * @throws DomainError; `source_unavailable` or `source_timeout` when it was tried often enough
   */
  async retrying<T>(work: (progress: () => void) => Promise<T>): Promise<T> {
    for (let failures = 0; ;) {
      try {
        return await work(() => (failures = 0));
      } catch (error) {
        failures++;
        if (!(error instanceof PassingFailure)) throw error;
        if (failures >= MAX_ATTEMPTS) {
          throw new DomainError(error.code, `${error.message} (${failures} times)`, { cause: error });
        }
        await sleep(error.retryAfterMs ?? this.delayMs(failures));
      }
    }
  }

  /** Half of it at random, so that many who failed together do not come back together. */
  private delayMs(failures: number): number {
    return Math.min(this.retryDelayMs * 2 ** (failures - 1), MAX_DELAY_MS) * (0.5 + Math.random() / 2);
  }

  private async send(method: 'GET' | 'HEAD', start: URL, headers: RequestHeaders = {}): Promise<HubResponse> {
    const passed: Headers[] = [];
    for (let url = start; passed.length <= MAX_REDIRECTS;) {
      const quiet = new QuietLimit(url.host, this.timeoutMs);
      const response = await this.exchange(method, url, headers, quiet);
      passed.unshift(response.headers);
      const location = REDIRECTS.includes(response.status) ? response.headers.get('location') : null;
      if (location === null) {
        if (response.ok || response.status === RANGE_NOT_SATISFIABLE) return toHubResponse(response, passed, quiet);
        quiet.close();
        throw refusal(response, url);
      }
      const next = new URL(location, url);
      if (method === 'HEAD' && (!this.isOurs(next) || response.headers.has('x-linked-etag'))) {
        return toHubResponse(response, passed, quiet);
      }
      quiet.close();
      if (url.protocol === 'https:' && next.protocol !== 'https:') {
        throw new DomainError('address_not_allowed', `${url.host} redirects to ${next.protocol}//${next.host}`);
      }
      url = next;
    }
    throw new DomainError('too_many_redirects', `${start.href} redirects more than ${MAX_REDIRECTS} times`);
  }

  private async exchange(method: string, url: URL, headers: RequestHeaders, quiet: QuietLimit): Promise<Response> {
    // hashes and ranges are of the bytes as they are stored
    const all = new Headers({ ...headers, 'accept-encoding': 'identity', 'user-agent': 'housestyle' });
    if (this.options.token !== undefined && this.isOurs(url)) all.set('authorization', `Bearer ${this.options.token}`);
    let response: Response;
    try {
      response = await fetch(url, { method, headers: all, redirect: 'manual', signal: quiet.signal });
    } catch (error) {
      throw quiet.explain(error);
    }
    quiet.expect();
    if (!WORTH_A_RETRY.includes(response.status)) return response;
    quiet.close();
    throw new PassingFailure('source_unavailable', `${url.host} answered ${response.status}`, retryAfterMs(response));
  }

  private isOurs(url: URL): boolean {
    return url.origin === this.endpoint.origin;
  }
}

function toHubResponse(response: Response, passed: readonly Headers[], quiet: QuietLimit): HubResponse {
  return {
    status: response.status,
    header: (name) => passed.find((headers) => headers.has(name))?.get(name) ?? undefined,
    body: bytesOf(response, quiet),
    close: () => quiet.close(),
  };
}

async function* bytesOf(response: Response, quiet: QuietLimit): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of response.body ?? []) {
      quiet.pause();
      yield chunk as Uint8Array;
      quiet.expect();
    }
  } catch (error) {
    throw quiet.explain(error);
  } finally {
    quiet.close();
  }
}

/** What the hub means; it answers 401 for a repository that is not there, lest it tell who has a private one. */
function refusal({ status, headers }: Response, url: URL): DomainError {
  const [code, words] = [headers.get('x-error-code'), headers.get('x-error-message')];
  const said = `${url.host} answered ${status}${words ? ` (${words})` : ''} for ${url.pathname}`;
  if (code === 'GatedRepo') {
    return new DomainError('source_forbidden', `${said}: accept the terms on its page, then set HF_TOKEN`);
  }
  if (status === 401) return new DomainError('model_not_found', `${said}: there is none, or it needs an HF_TOKEN`);
  if (status === 404) return new DomainError('model_not_found', said);
  return new DomainError('source_forbidden', said);
}

function retryAfterMs(response: Response): number | undefined {
  const seconds = Number.parseFloat(response.headers.get('retry-after') ?? '');
  return seconds >= 0 ? Math.min(seconds * 1000, MAX_DELAY_MS) : undefined;
}
