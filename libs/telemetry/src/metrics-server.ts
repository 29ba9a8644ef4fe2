import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Metrics } from './metrics.js';

export interface MetricsServerOptions {
  readonly host?: string;
  /** 0 picks a free one. */
  readonly port: number;
  readonly metrics: Metrics;
  /** answers /readyz: 200 or 503. */
  readonly isReady: () => boolean | Promise<boolean>;
}

/** /healthz (the process answers), /readyz (it takes work) and /metrics (Prometheus text), for apps without HTTP. */
export class MetricsServer {
  private constructor(private readonly server: Server) {}

  static async listen({ host = '0.0.0.0', port, metrics, isReady }: MetricsServerOptions): Promise<MetricsServer> {
    const server = createServer((request, response) => {
      void answer(request.url ?? '/', metrics, isReady).then(({ status, body, type }) =>
        response.writeHead(status, { 'content-type': type }).end(body),
      );
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, resolve);
    });
    return new MetricsServer(server);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    this.server.closeAllConnections();
    await closed;
  }
}

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly type: string;
}

async function answer(url: string, metrics: Metrics, isReady: MetricsServerOptions['isReady']): Promise<Answer> {
  const text = (status: number, body: string): Answer => ({ status, body: `${body}\n`, type: 'text/plain' });
  try {
    switch (new URL(url, 'http://metrics').pathname) {
      case '/healthz':
        return text(200, 'ok');
      case '/readyz':
        return (await isReady()) ? text(200, 'ok') : text(503, 'not ready');
      case '/metrics':
        return { status: 200, body: await metrics.render(), type: metrics.registry.contentType };
      default:
        return text(404, 'not found');
    }
  } catch (error) {
    return text(503, error instanceof Error ? error.message : String(error));
  }
}
