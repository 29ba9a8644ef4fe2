import { ADDRCONFIG, type LookupAddress, type LookupOptions } from 'node:dns';
import { Resolver } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';

/** Every address of a name; `dns.lookup` fits. */
export type LookUp = (
  hostname: string,
  options: LookupOptions & { readonly all: true },
  callback: (error: Error | null, addresses: LookupAddress[]) => void,
) => void;

const HOSTS_FILE = '/etc/hosts';
const LOOPBACK: readonly LookupAddress[] = [
  { address: '127.0.0.1', family: 4 },
  { address: '::1', family: 6 },
];

/**
 * Looks up strangers' names: in the hosts file, then from the name servers, as they are written. Not by `dns.lookup`,
 * which holds one of the process's few threads until the system gives up: a handful of names that nobody answers for
 * would stop every look-up here, the database's and the broker's included.
 * @param servers instead of the system's, each `address:port`
 */
export function createLookUp({
  servers,
  hostsFile = HOSTS_FILE,
}: { readonly servers?: readonly string[]; readonly hostsFile?: string } = {}): LookUp {
  const addressesOf = async (name: string, hints = 0): Promise<LookupAddress[]> => {
    const listed = addressesIn(await readFile(hostsFile, 'utf8').catch(() => ''), name);
    if (listed.length > 0) return listed;
    if (/(^|\.)localhost$/i.test(name)) return [...LOOPBACK];
    // one for each name: it asks from a port of its own, and the servers that the system has now
    const resolver = new Resolver({ timeout: 2_000, tries: 2 });
    if (servers) resolver.setServers(servers);
    const isSixUsable = (hints & ADDRCONFIG) === 0 || hasIpv6();
    return ofEitherFamily(resolver.resolve4(name), isSixUsable ? resolver.resolve6(name) : Promise.resolve([]));
  };
  return (hostname, { hints }, callback) => {
    addressesOf(hostname.replace(/\.$/, ''), hints).then(
      (addresses) => callback(null, addresses),
      (error: Error) => callback(error, []),
    );
  };
}

/** As `getaddrinfo` does: where there is no IPv6, its addresses are of no use and need not be waited for. */
const hasIpv6 = (): boolean =>
  Object.values(networkInterfaces()).some((own) => own?.some(({ family, internal }) => family === 'IPv6' && !internal));

/** A name may well have no address of one family. */
async function ofEitherFamily(four: Promise<string[]>, six: Promise<string[]>): Promise<LookupAddress[]> {
  const answers = await Promise.allSettled([four, six]);
  const addresses = answers.flatMap((answer, index) => {
    const family = index === 0 ? 4 : 6;
    return answer.status === 'fulfilled' ? answer.value.map((address) => ({ address, family })) : [];
  });
  for (const answer of answers) {
    if (addresses.length === 0 && answer.status === 'rejected') throw answer.reason;
  }
  return addresses;
}

function addressesIn(hosts: string, name: string): LookupAddress[] {
  const addresses: LookupAddress[] = [];
  for (const line of hosts.split('\n')) {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().toLowerCase().split(/\s+/);
    const family = isIP(address);
    if (family !== 0 && names.includes(name.toLowerCase())) addresses.push({ address, family });
  }
  return addresses;
}
