import { isIP } from 'node:net';

import ipaddr from 'ipaddr.js';

const GLOBAL_UNICAST_IPV6 = ipaddr.parseCIDR('2000::/3');

/**
 * Whether an address belongs to the public internet. An allow-list: IPv4 outside every special range, IPv6 inside
 * 2000::/3 and outside every special range. So loopback, private, link-local, carrier-grade NAT, multicast,
 * unspecified, documentation and reserved addresses are not, nor is any form that wraps an IPv4 address in an IPv6
 * one (NAT64, 6to4, Teredo, IPv4-translated); an IPv4-mapped address is judged as the IPv4 address it is.
 */
export function isPublicAddress(address: string): boolean {
  if (isIP(address) === 0) return false;
  const parsed = ipaddr.process(address);
  if (parsed.range() !== 'unicast') return false;
  return parsed.kind() === 'ipv4' || parsed.match(GLOBAL_UNICAST_IPV6);
}
