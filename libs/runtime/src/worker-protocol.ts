import { DomainError, isErrorCode, toDomainError, type ErrorCode } from '@housestyle/domain';
import type { FromBlockUser, ToBlockUser } from './shared-blocks.js';

/** What a pool and its workers say to each other. An error crosses the thread boundary as its code and message. */
export type ToWorker<Request> =
  | { readonly kind: 'request'; readonly id: number; readonly request: Request }
  /** nobody waits for the answer any more; one comes all the same. */
  | { readonly kind: 'cancel'; readonly id: number }
  | ToBlockUser
  | { readonly kind: 'close' };

export type FromWorker<Response> =
  | { readonly kind: 'ready' }
  | { readonly kind: 'startFailed'; readonly error: ErrorMessage }
  | { readonly kind: 'response'; readonly id: number; readonly response: Response }
  | { readonly kind: 'failure'; readonly id: number; readonly error: ErrorMessage }
  | FromBlockUser;

export interface ErrorMessage {
  readonly code: ErrorCode;
  readonly message: string;
}

export function toErrorMessage(thrown: unknown): ErrorMessage {
  const { code, message } = toDomainError(thrown);
  return { code, message };
}

export const fromErrorMessage = ({ code, message }: ErrorMessage): DomainError =>
  new DomainError(isErrorCode(code) ? code : 'internal', message);
