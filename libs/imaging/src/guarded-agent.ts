import type { LookupAddress, LookupOptions } from 'node:dns';
import { isIP } from 'node:net';

import { DomainError } from '@housestyle/domain';
import { Agent, buildConnector } from 'undici';

import { createLookUp, type LookUp } from './look-up.js';

/** Node's `lookup` callback: one address, or all of them when the caller asked for all. */
type LookupCallback = (error: Error | null, address: string | LookupAddress[], family?: number) => void;

/**
 * An HTTP agent that dials only addresses `isAddressAllowed` accepts. The check sits where the socket is opened, on
 * the very address that is dialled, so a name that resolves differently the second time gains nothing by it.
 */
export function createGuardedAgent(options: {
  readonly isAddressAllowed: (address: string) => boolean;
  readonly timeoutMs: number;
  readonly maxBytes: number;
  /** instead of the hosts file and the system's name servers */
  readonly lookUp?: LookUp;
}): Agent {
  const { isAddressAllowed, timeoutMs, maxBytes, lookUp = createLookUp() } = options;
  const connect = buildConnector({ timeout: timeoutMs, lookup: guardedLookup(isAddressAllowed, lookUp) });
  return new Agent({
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    maxResponseSize: maxBytes,
    maxHeaderSize: 16 * 1024,
    connect: (target, callback) => {
      // no look-up happens for an address literal
      const host = target.hostname.replace(/^\[|\]$/g, '');
      if (isIP(host) !== 0 && !isAddressAllowed(host)) {
        callback(addressNotAllowed(host), null);
        return;
      }
      connect(target, callback);
    },
  });
}

/** One address that is not allowed refuses the name: mixed answers are how such a guard is probed. */
function guardedLookup(isAddressAllowed: (address: string) => boolean, lookUp: LookUp) {
  return (hostname: string, options: LookupOptions, callback: LookupCallback): void => {
    lookUp(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) {
        callback(error, []);
        return;
      }
      const [first] = addresses;
      if (first === undefined || addresses.some(({ address }) => !isAddressAllowed(address))) {
        callback(addressNotAllowed(hostname), []);
      } else if (options.all === true) {
        callback(null, addresses);
      } else {
        callback(null, first.address, first.family);
      }
    });
  };
}

export const addressNotAllowed = (host: string): DomainError =>
  new DomainError('address_not_allowed', `${host} is not, or does not lead to, a public address`);
