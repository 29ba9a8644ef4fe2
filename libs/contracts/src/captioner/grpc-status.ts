import { Metadata, status, type ServiceError, type StatusObject } from '@grpc/grpc-js';
import { DomainError, isErrorCode, toDomainError, type ErrorCode } from '@housestyle/domain';

/** Trailing metadata that carries the exact error code beside gRPC's coarser status. */
const CODE_METADATA = 'housestyle-code';

const CODE_OF_STATUS: Partial<Record<status, ErrorCode>> = {
  [status.UNAVAILABLE]: 'captioner_unavailable',
  [status.CANCELLED]: 'captioner_unavailable',
  // a matter of certificates, which a person puts right: pictures wait for it
  [status.PERMISSION_DENIED]: 'captioner_unavailable',
  [status.UNAUTHENTICATED]: 'captioner_unavailable',
  [status.RESOURCE_EXHAUSTED]: 'captioner_overloaded',
  [status.DEADLINE_EXCEEDED]: 'deadline_exceeded',
  [status.NOT_FOUND]: 'model_not_found',
  [status.INVALID_ARGUMENT]: 'invalid_request',
};

const STATUS_OF_CODE: Partial<Record<ErrorCode, status>> = {
  captioner_unavailable: status.UNAVAILABLE,
  model_unavailable: status.UNAVAILABLE,
  captioner_overloaded: status.RESOURCE_EXHAUSTED,
  deadline_exceeded: status.DEADLINE_EXCEEDED,
  model_not_found: status.NOT_FOUND,
  invalid_request: status.INVALID_ARGUMENT,
};

/** The server's edge: anything thrown, as a gRPC status. */
export function toGrpcStatus(thrown: unknown): StatusObject {
  const error = toDomainError(thrown);
  const metadata = new Metadata();
  metadata.set(CODE_METADATA, error.code);
  return { code: STATUS_OF_CODE[error.code] ?? status.INTERNAL, details: error.message, metadata };
}

/** The client's edge: a failed call, as a DomainError. */
export function fromGrpcError(error: ServiceError): DomainError {
  return new DomainError(codeOf(error), `captioner: ${error.details || error.message}`, { cause: error });
}

function codeOf(error: ServiceError): ErrorCode {
  const exact = error.metadata?.get(CODE_METADATA)[0];
  if (typeof exact === 'string' && isErrorCode(exact)) return exact;
  // grpc-js reports a message over the size limit as RESOURCE_EXHAUSTED; sending it again would not help
  if (error.code === status.RESOURCE_EXHAUSTED && /larger than max/.test(error.details)) return 'invalid_request';
  return CODE_OF_STATUS[error.code] ?? 'internal';
}
