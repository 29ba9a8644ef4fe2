import {
  ProblemSchema,
  TrainingRunDetailSchema,
  TrainingRunSchema,
  type TrainingRun,
  type TrainingRunDetail,
} from '@housestyle/contracts';
import { DomainError, isErrorCode } from '@housestyle/domain';
import type { z } from 'zod';

/** The training routes of a running installation. */
export class TrainingApi {
  /** @param url of the api, with or without a slash at its end */
  constructor(
    private readonly url: string,
    private readonly key: string,
  ) {}

  /** Asks for a run; while one waits or runs, it is that one. */
  request(): Promise<TrainingRun> {
    return this.fetch('POST', '/v1/training-runs', TrainingRunSchema);
  }

  find(id: string): Promise<TrainingRunDetail> {
    return this.fetch('GET', `/v1/training-runs/${encodeURIComponent(id)}`, TrainingRunDetailSchema);
  }

  private async fetch<T>(method: string, route: string, schema: z.ZodType<T>): Promise<T> {
    const response = await this.send(method, route);
    const body: unknown = await response.json().catch(() => undefined);
    if (!response.ok) throw refusal(response, body);
    const parsed = schema.safeParse(body);
    if (parsed.success) return parsed.data;
    throw new DomainError('invalid_request', `${this.url} does not answer as a Housestyle api of this version does`);
  }

  private async send(method: string, route: string): Promise<Response> {
    try {
      return await fetch(`${this.url.replace(/\/+$/, '')}${route}`, {
        method,
        headers: { authorization: `Bearer ${this.key}` },
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
    } catch (cause) {
      throw new DomainError('source_unavailable', `${this.url} does not answer`, { cause });
    }
  }
}

const TIMEOUT_MS = 10_000;

/** A problem of the api's, by its own code. */
function refusal(response: Response, body: unknown): DomainError {
  const problem = ProblemSchema.safeParse(body);
  if (!problem.success) return new DomainError('source_unavailable', `${response.url}: HTTP ${response.status}`);
  const { code, detail, title } = problem.data;
  return new DomainError(isErrorCode(code) ? code : 'internal', detail ?? title);
}
