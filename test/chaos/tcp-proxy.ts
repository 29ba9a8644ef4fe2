import { connect, createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

/** What is done with bytes: passed on, passed on late, kept for ever, or answered by a reset. */
export type Weather = { readonly kind: 'clear' | 'drop' | 'reset' } | { readonly kind: 'delay'; readonly ms: number };

/** Looks at what goes through, in pieces that mean something, and says what becomes of each. */
export interface WireWatcher {
  /** one for each connection, since it keeps what is incomplete */
  open(connection: WatchedConnection): {
    fromClient?: (bytes: Buffer) => readonly Buffer[];
    fromServer?: (bytes: Buffer) => readonly Buffer[];
  };
}

export interface WatchedConnection {
  /** both ends are closed at once, the client's with a reset */
  cut(): void;
  /** Sends to the server what a watcher held back. */
  toServer(bytes: Buffer): void;
}

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  readonly cut: () => void;
}

const CLEAR: Weather = { kind: 'clear' };

/** A way between two processes, with weather. New connections and old ones alike are under it. */
export class TcpProxy {
  private readonly pairs = new Set<Pair>();
  private weather: Weather = CLEAR;
  watcher: WireWatcher | undefined;

  private constructor(
    private readonly server: Server,
    /** where to; may change while nobody is connected */
    public targetPort: number,
  ) {
    server.on('connection', (client) => this.accept(client));
  }

  /** @param port to listen on; 0 picks a free one */
  static async open(targetPort: number, port = 0): Promise<TcpProxy> {
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', resolve);
    });
    return new TcpProxy(server, targetPort);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get connections(): number {
    return this.pairs.size;
  }

  setWeather(weather: Weather): void {
    this.weather = weather;
    if (weather.kind === 'reset') this.cutAll();
  }

  /**
   * Clears the sky. Connections that lost bytes are reset: on a real network their ends would have found out, or sent
   * again what was lost.
   */
  clear(): void {
    if (this.weather.kind === 'drop') this.cutAll();
    this.weather = CLEAR;
  }

  /** Those open now pass nothing on any more, without a word; new ones are not concerned. */
  freezeAll(): void {
    for (const { client, server } of this.pairs) {
      client.removeAllListeners('data').pause();
      server.removeAllListeners('data').pause();
    }
  }

  cutAll(): void {
    for (const pair of this.pairs) pair.cut();
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    this.cutAll();
    await closed;
  }

  private accept(client: Socket): void {
    if (this.weather.kind === 'reset') {
      client.on('error', () => undefined);
      client.resetAndDestroy();
      return;
    }
    const server = connect(this.targetPort, '127.0.0.1');
    const pair: Pair = {
      client,
      server,
      cut: () => {
        this.pairs.delete(pair);
        if (!client.destroyed) client.resetAndDestroy();
        server.destroy();
      },
    };
    this.pairs.add(pair);
    for (const end of [client, server]) {
      end.setNoDelay(true);
      end.on('error', () => pair.cut());
      end.on('close', () => pair.cut());
    }
    const watched = this.watcher?.open({ cut: pair.cut, toServer: (bytes) => this.pass([bytes], server) });
    client.on('data', (bytes: Buffer) => this.pass(watched?.fromClient?.(bytes) ?? [bytes], server));
    server.on('data', (bytes: Buffer) => this.pass(watched?.fromServer?.(bytes) ?? [bytes], client));
  }

  private pass(pieces: readonly Buffer[], to: Socket): void {
    const { weather } = this;
    if (weather.kind === 'drop' || pieces.length === 0) return;
    const send = (): void => {
      for (const piece of pieces) if (!to.destroyed) to.write(piece);
    };
    if (weather.kind === 'delay') setTimeout(send, weather.ms);
    else send();
  }
}
