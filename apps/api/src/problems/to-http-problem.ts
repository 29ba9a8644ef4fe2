import { STATUS_CODES } from 'node:http';
import { HttpException } from '@nestjs/common';
import type { Problem } from '@housestyle/contracts';
import { DomainError, toDomainError, type ErrorCode } from '@housestyle/domain';

/** The status of every code that the api itself can answer with; any other means we broke. */
const STATUS_BY_CODE: Partial<Record<ErrorCode, number>> = {
  invalid_request: 400,
  invalid_tenant: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  source_not_found: 404,
  unknown_tenant: 404,
  conflict: 409,
  payload_too_large: 413,
  source_too_large: 413,
  uri_not_allowed: 422,
  rate_limited: 429,
  quota_exceeded: 429,
  model_not_found: 409,
  mapper_mismatch: 409,
  mapper_not_found: 503,
  captioner_unavailable: 503,
  captioner_overloaded: 503,
  deadline_exceeded: 504,
  store_unavailable: 503,
};

/** What Nest, the body parser and multer throw carries a status only. */
const CODE_BY_STATUS: Readonly<Record<number, ErrorCode>> = {
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not_found',
  409: 'conflict',
  413: 'payload_too_large',
};

/** A request whose fields are wrong, each named. */
export class InvalidRequestError extends DomainError {
  constructor(readonly fields: readonly { readonly path: string; readonly message: string }[]) {
    super('invalid_request', fields.map(({ path, message }) => (path ? `${path}: ${message}` : message)).join('; '));
  }
}

/** RFC 9457 for anything thrown. Of our own failures (5xx) only the code leaves the house. */
export function toHttpProblem(thrown: unknown, instance: string): Problem {
  const status = statusOf(thrown);
  const error = status === undefined ? toDomainError(thrown) : fromStatus(status, thrown);
  const answer = status ?? STATUS_BY_CODE[error.code] ?? 500;
  return {
    type: `urn:housestyle:problem:${error.code}`,
    title: error.title,
    status: answer,
    ...(answer < 500 && { detail: error.message }),
    instance,
    code: error.code,
    ...(error instanceof InvalidRequestError && { errors: [...error.fields] }),
  };
}

function statusOf(thrown: unknown): number | undefined {
  if (thrown instanceof DomainError) return undefined;
  if (thrown instanceof HttpException) return thrown.getStatus();
  const status = thrown instanceof Error && 'status' in thrown ? thrown.status : undefined;
  return typeof status === 'number' && status >= 400 && status < 500 ? status : undefined;
}

function fromStatus(status: number, thrown: unknown): DomainError {
  const code = CODE_BY_STATUS[status] ?? (status < 500 ? 'invalid_request' : 'internal');
  const message = thrown instanceof Error ? thrown.message : (STATUS_CODES[status] ?? 'error');
  return new DomainError(code, message, { cause: thrown });
}
