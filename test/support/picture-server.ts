import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * Pictures over HTTP, and everything that goes wrong with them: picture/N, moved/N (a redirect), busy/N (503 when first
 * asked), gone (404), forbidden (403), torn (half a picture), silent (no answer).
 */
export class PictureServer {
  private readonly asked = new Map<string, number>();
  private readonly held: (() => void)[] = [];
  private readonly underWay = new Map<string, number>();
  private heldFrom = Infinity;
  /** requests under way at one time under one name of the machine. */
  mostAtOnce = 0;

  private constructor(
    private readonly pictures: readonly Buffer[],
    private readonly server: Server,
  ) {
    server.on('request', (request, response) => this.receive(request, response));
  }

  static async start(pictures: readonly Buffer[]): Promise<PictureServer> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, resolve));
    return new PictureServer(pictures, server);
  }

  url(path: string): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/${path}`;
  }

  timesAsked(url: string): number {
    return this.asked.get(url) ?? 0;
  }

  /** Pictures from this number on are not answered until `forget`. */
  holdFrom(n: number): void {
    this.heldFrom = n;
  }

  /** As if nobody had ever asked. */
  forget(): void {
    this.heldFrom = Infinity;
    for (const answer of this.held.splice(0)) answer();
    this.asked.clear();
    this.mostAtOnce = 0;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private receive(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url!.slice(1);
    const host = request.headers.host!;
    const url = `http://${host}/${path}`;
    this.asked.set(url, this.timesAsked(url) + 1);
    const here = (this.underWay.get(host) ?? 0) + 1;
    this.underWay.set(host, here);
    this.mostAtOnce = Math.max(this.mostAtOnce, here);
    response.on('close', () => this.underWay.set(host, this.underWay.get(host)! - 1));
    const [kind, number] = path.split('/');
    const n = Number(number);
    if (n >= this.heldFrom) this.held.push(() => this.answer(kind!, n, url, response));
    else this.answer(kind!, n, url, response);
  }

  private answer(kind: string, n: number, url: string, response: ServerResponse): void {
    const picture = this.pictures[n];
    switch (kind) {
      case 'silent':
        return;
      case 'torn':
        response.end(this.pictures[0]!.subarray(0, 400));
        return;
      case 'forbidden':
        response.writeHead(403).end();
        return;
      case 'moved':
        response.writeHead(302, { location: `/there/${n}` }).end();
        return;
      default:
        if (kind === 'busy' && this.timesAsked(url) === 1) response.writeHead(503).end();
        else if (picture && kind !== 'gone') response.writeHead(200, { 'content-type': 'image/png' }).end(picture);
        else response.writeHead(404).end();
    }
  }
}
