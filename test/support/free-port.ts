import { createServer, type AddressInfo, type Server } from 'node:net';

/** A loopback port nobody listened on a moment ago. */
export const freePort = async (): Promise<number> => (await freePorts(1))[0]!;

/** Different ones: all are held until all are known. */
export async function freePorts(count: number): Promise<number[]> {
  const probes = await Promise.all(Array.from({ length: count }, listenAnywhere));
  const ports = probes.map((probe) => (probe.address() as AddressInfo).port);
  await Promise.all(probes.map((probe) => new Promise((resolve) => probe.close(resolve))));
  return ports;
}

function listenAnywhere(): Promise<Server> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject);
    probe.listen(0, '127.0.0.1', () => resolve(probe));
  });
}
