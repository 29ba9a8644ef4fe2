import { isIP } from 'node:net';

import { DomainError } from '@housestyle/domain';
import ipaddr from 'ipaddr.js';

const GLOBAL_UNICAST_IPV6 = ipaddr.parseCIDR('2000::/3');

/** Public by number, yet answered by the machine's own platform: Azure's WireServer, which hands out its secrets. */
const PLATFORM_ADDRESSES = new Set(['168.63.129.16']);

type Network = ReturnType<typeof ipaddr.parseCIDR>;

/** What differs from "the public internet and nothing else"; networks in CIDR notation, of addresses in either family. */
export interface AddressExceptions {
  /** everything is allowed, but what is denied by name */
  readonly isPrivateAddressAllowed?: boolean;
  /** allowed although they are not public */
  readonly allowedNetworks?: readonly string[];
  /** denied although they are public, or allowed above: these win */
  readonly deniedNetworks?: readonly string[];
}

/**
 * The rule that every socket opened on a stranger's word is judged by.
 * @throws DomainError `invalid_settings` for what is no network
 */
export function addressRule({
  isPrivateAddressAllowed = false,
  allowedNetworks = [],
  deniedNetworks = [],
}: AddressExceptions): (address: string) => boolean {
  const [allowed, denied] = [allowedNetworks.map(toNetwork), deniedNetworks.map(toNetwork)];
  return (address) => {
    if (isIP(address) === 0 || isWithin(address, denied)) return false;
    return isPrivateAddressAllowed || isWithin(address, allowed) || isPublicAddress(address);
  };
}

/**
 * Whether an address belongs to the public internet. An allow-list: IPv4 outside every special range, IPv6 inside
 * 2000::/3 and outside every special range. So loopback, private, link-local, carrier-grade NAT, multicast,
 * unspecified, documentation and reserved addresses are not, nor is any form that wraps an IPv4 address in an IPv6
 * one (NAT64, 6to4, Teredo, IPv4-translated), nor one with a zone; an IPv4-mapped address is judged as the IPv4
 * address it is.
 */
export function isPublicAddress(address: string): boolean {
  if (isIP(address) === 0 || address.includes('%')) return false;
  const parsed = ipaddr.process(address);
  if (parsed.range() !== 'unicast' || PLATFORM_ADDRESSES.has(parsed.toString())) return false;
  return parsed.kind() === 'ipv4' || parsed.match(GLOBAL_UNICAST_IPV6);
}

function isWithin(address: string, networks: readonly Network[]): boolean {
  const parsed = ipaddr.process(address.replace(/%.*$/, ''));
  return networks.some((network) => network[0].kind() === parsed.kind() && parsed.match(network));
}

function toNetwork(text: string): Network {
  try {
    return ipaddr.parseCIDR(text);
  } catch (cause) {
    throw new DomainError('invalid_settings', `${JSON.stringify(text)} is no network in CIDR notation`, { cause });
  }
}
