import type { ExecutionContext } from '@nestjs/common';
import { type ThrottlerModuleOptions } from '@nestjs/throttler';
import type { ApiSettings } from '@housestyle/settings';
import type { AuthenticatedRequest, Caller } from '../access/caller.js';
import { TokenBuckets } from './token-buckets.js';

const MINUTE_MS = 60_000;

/** Two limits on every request that came with a key: of that key, and of its tenant whichever keys it uses. */
export function rateLimits(settings: ApiSettings): ThrottlerModuleOptions {
  const { RATE_LIMIT_PER_KEY: ofKey, RATE_LIMIT_PER_TENANT: ofTenant } = settings;
  return {
    storage: new TokenBuckets(),
    setHeaders: false,
    // public routes cost no more than the server they run on
    skipIf: (context) => callerOf(context) === undefined,
    generateKey: (_, tracker, name) => `${name} ${tracker}`,
    throttlers: [
      {
        name: 'key',
        ttl: MINUTE_MS,
        limit: (context) => callerOf(context)?.limits.ofKey ?? ofKey,
        getTracker: (_, context) => callerOf(context)!.keyPrefix,
      },
      {
        name: 'tenant',
        ttl: MINUTE_MS,
        limit: (context) => callerOf(context)?.limits.ofTenant ?? ofTenant,
        getTracker: (_, context) => callerOf(context)!.tenantId,
      },
    ],
  };
}

const callerOf = (context: ExecutionContext): Caller | undefined =>
  context.switchToHttp().getRequest<AuthenticatedRequest>().caller;
