import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request } from 'express';
import { REQUEST_HEADER, type ApiKeyScope } from '@housestyle/contracts';
import { DomainError } from '@housestyle/domain';
import { IS_PUBLIC, SCOPE, type AuthenticatedRequest } from './caller.js';
import { KeyRing } from './key-ring.service.js';
import { sessionKeyOf } from './session-cookie.js';

/** Runs before anything reads the body: a request without a key costs one look-up and no byte of its upload. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly keyRing: KeyRing,
    private readonly reflector: Reflector,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const targets = [context.getHandler(), context.getClass()];
    if (this.reflector.getAllAndOverride<boolean | undefined>(IS_PUBLIC, targets)) return true;

    const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
    const caller = await this.keyRing.callerOf(keyOf(request));
    const scope = this.reflector.getAllAndOverride<ApiKeyScope | undefined>(SCOPE, targets);
    if (scope && !caller.scopes.includes(scope)) {
      throw new DomainError('forbidden', `this API key lacks the scope "${scope}"`);
    }
    request.caller = caller;
    return true;
  }
}

/** An `Authorization` header decides alone, even when a cookie came along. */
function keyOf(request: Request): string {
  const authorization = request.headers.authorization;
  if (authorization !== undefined) {
    const bearer = /^Bearer +(\S+) *$/i.exec(authorization)?.[1];
    if (bearer) return bearer;
    throw new DomainError('unauthenticated', 'expected “Authorization: Bearer <API key>”');
  }
  const key = sessionKeyOf(request);
  if (key === undefined) throw new DomainError('unauthenticated', 'no API key came with the request');
  if (!isSafe(request.method) && request.get(REQUEST_HEADER) === undefined) {
    throw new DomainError('forbidden', `a write with the session cookie needs the header ${REQUEST_HEADER}`);
  }
  return key;
}

const isSafe = (method: string): boolean => method === 'GET' || method === 'HEAD';
