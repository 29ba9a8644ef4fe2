import {
  applyDecorators,
  createParamDecorator,
  SetMetadata,
  type CustomDecorator,
  type ExecutionContext,
} from '@nestjs/common';
import { ApiSecurity } from '@nestjs/swagger';
import type { Request } from 'express';
import type { ApiKeyScope } from '@housestyle/contracts';
import type { RequestLimits } from '@housestyle/database';
import type { TenantId } from '@housestyle/domain';

/** Whose key came with the request, and what it allows. */
export interface Caller {
  readonly tenantId: TenantId;
  /** the readable part of the key; names it in lists, reviews and logs */
  readonly keyPrefix: string;
  readonly scopes: readonly ApiKeyScope[];
  readonly limits: RequestLimits;
}

export type AuthenticatedRequest = Request & { caller?: Caller };

/** The authenticated caller, as a handler's argument. */
export const CurrentCaller = createParamDecorator((_: unknown, context: ExecutionContext): Caller => {
  const { caller } = context.switchToHttp().getRequest<AuthenticatedRequest>();
  if (!caller) throw new Error('a public route asked for its caller');
  return caller;
});

export const SCOPE = 'housestyle:scope';
export const IS_PUBLIC = 'housestyle:is-public';

/** Only keys with this scope; without it any valid key will do. */
export const RequireScope = (scope: ApiKeyScope): CustomDecorator => SetMetadata(SCOPE, scope);

/** No key at all; the document says so too. */
export const Public = () => applyDecorators(SetMetadata(IS_PUBLIC, true), ApiSecurity({}));
