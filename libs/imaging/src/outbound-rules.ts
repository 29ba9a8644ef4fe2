import { isIP } from 'node:net';

import { DomainError } from '@housestyle/domain';

import { type AddressExceptions } from './address-policy.js';
import { addressNotAllowed } from './guarded-agent.js';
import { type LookUp } from './look-up.js';

/** What pictures and webhooks alike may lead to over HTTP. */
export interface OutboundRules extends AddressExceptions {
  /** any port when not given */
  readonly allowedPorts?: readonly number[];
  /** instead of the hosts file and the system's name servers */
  readonly lookUp?: LookUp;
}

export interface HttpUriRule {
  readonly allowedPorts?: readonly number[];
  readonly isAddressAllowed: (address: string) => boolean;
  /** without the colon; `http` and `https` when not given */
  readonly allowedSchemes?: readonly string[];
}

/** What can be said of a URI before any name is looked up. @throws DomainError `uri_not_allowed`, `address_not_allowed` */
export function assertHttpUri(uri: URL, { allowedPorts, isAddressAllowed, allowedSchemes }: HttpUriRule): void {
  const scheme = uri.protocol.slice(0, -1);
  if ((scheme !== 'http' && scheme !== 'https') || allowedSchemes?.includes(scheme) === false) {
    throw new DomainError('uri_not_allowed', `${uri.protocol} is not allowed here`);
  }
  if (uri.username !== '' || uri.password !== '') {
    throw new DomainError('uri_not_allowed', 'URIs with a user name or password are not allowed');
  }
  const host = uri.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0 && !isAddressAllowed(host)) throw addressNotAllowed(host);
  const port = uri.port === '' ? (scheme === 'https' ? 443 : 80) : Number(uri.port);
  if (port === 0 || (allowedPorts !== undefined && !allowedPorts.includes(port))) {
    throw new DomainError('uri_not_allowed', `Port ${port} is not allowed`);
  }
}
