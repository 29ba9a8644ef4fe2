import { ProblemSchema, REQUEST_HEADER, type Problem } from '@housestyle/contracts';

/** The api's stable codes, and `unreachable` for when no answer came at all. */
export type ProblemCode = Problem['code'] | 'unreachable';

/** Any request that did not succeed. `message` is the server's own words; show `wordsFor` instead where there is room. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';

  constructor(
    readonly code: ProblemCode,
    message: string,
  ) {
    super(message);
  }
}

export const unreachable = (): ApiProblem => new ApiProblem('unreachable', 'The server did not answer.');

/** What a schema of the contracts looks like from here. */
interface Schema<T> {
  parse(value: unknown): T;
}

/** The server itself gives up sooner. */
const TIMEOUT_MS = 60_000;

/** `method path` with an optional JSON body; the answer is checked against `schema` (`undefined`: no content). */
export async function request<T>(
  schema: Schema<T> | undefined,
  method: 'GET' | 'POST' | 'PUT' | 'DELETE',
  path: string,
  body?: unknown,
): Promise<T> {
  const response = await fetch(path, {
    method,
    headers: requestHeaders(body !== undefined),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch(() => {
    throw unreachable();
  });
  const text = await response.text();
  if (!response.ok) throw problemFrom(response.status, text);
  return schema ? schema.parse(JSON.parse(text)) : (undefined as T);
}

/** The problem in an error answer; a proxy's own error page counts as `unreachable`. */
export function problemFrom(status: number, text: string): ApiProblem {
  try {
    const problem = ProblemSchema.parse(JSON.parse(text));
    return new ApiProblem(problem.code, problem.detail ?? problem.title);
  } catch {
    return status === 401 ? new ApiProblem('unauthenticated', 'No valid API key') : unreachable();
  }
}

const requestHeaders = (hasBody: boolean): HeadersInit => ({
  accept: 'application/json',
  [REQUEST_HEADER]: 'review',
  ...(hasBody ? { 'content-type': 'application/json' } : {}),
});
