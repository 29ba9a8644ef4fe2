import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface BadPictureServer {
  url(path: string): string;
  close(): Promise<void>;
}

/** Pictures that never come: silent, drip, endless, loop (a redirect to itself); any other path is 404. */
export async function startBadPictureServer(): Promise<BadPictureServer> {
  const server = createServer((request, response) => {
    const head = (): void => void response.writeHead(200, { 'content-type': 'image/png' });
    switch (request.url!.split('/')[1]) {
      case 'silent':
        return;
      case 'drip': {
        head();
        const timer = setInterval(() => response.write('x'), 200);
        response.on('close', () => clearInterval(timer));
        return;
      }
      case 'endless': {
        head();
        const pour = (): void => {
          while (response.write(Buffer.alloc(65_536)));
        };
        response.on('drain', pour);
        pour();
        return;
      }
      case 'loop':
        return void response.writeHead(302, { location: request.url }).end();
      default:
        return void response.writeHead(404).end();
    }
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  return {
    url: (path) => `http://127.0.0.1:${port}/${path}`,
    async close() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
