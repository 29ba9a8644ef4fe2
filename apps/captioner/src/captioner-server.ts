import { Server } from '@grpc/grpc-js';
import type { PackageDefinition } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';
import {
  CAPTIONER_PACKAGE,
  captionerProtoPath,
  LOADER_OPTIONS,
  MAX_MESSAGE_BYTES,
  onlyClientsNamed,
  serverSecurity,
  type CaptionerTls,
} from '@housestyle/contracts/captioner';
import { DomainError } from '@housestyle/domain';
import { ServerGrpc } from '@nestjs/microservices';
import type { HealthImplementation } from 'grpc-health-check';

/** How long open streams (health watchers) may stay once every call is answered. */
const CLOSE_GRACE_MS = 1_000;
/** Of one connection; each may hold a whole message that is not yet counted anywhere. */
const MAX_CALLS_PER_CONNECTION = 64;

export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  /** absent: plain text. */
  readonly tls?: CaptionerTls | undefined;
  /** names of which a client's certificate must bear one; empty: none in particular. */
  readonly clients: readonly string[];
}

/** Nest's gRPC server, with health and reflection beside the service; it tells its port and closes with a limit. */
export class CaptionerServer extends ServerGrpc {
  private boundPort = 0;
  private server: Server | undefined;

  constructor(
    private readonly listening: ListenOptions,
    health: HealthImplementation,
  ) {
    super({
      package: CAPTIONER_PACKAGE,
      protoPath: captionerProtoPath(),
      loader: LOADER_OPTIONS,
      onLoadPackageDefinition: (definition: PackageDefinition, server: Server) => {
        health.addToServer(server);
        new ReflectionService(definition).addToServer(server);
      },
    });
  }

  /** The port it listens on: the chosen one when 0 was asked for. */
  get port(): number {
    return this.boundPort;
  }

  override createClient(): Promise<Server> {
    const { host, port, tls, clients } = this.listening;
    const server = new Server({
      'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
      'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
      'grpc.max_concurrent_streams': MAX_CALLS_PER_CONNECTION,
      'grpc.keepalive_time_ms': 30_000,
      ...(clients.length > 0 && { interceptors: [onlyClientsNamed(clients)] }),
    });
    this.server = server;
    return new Promise((resolve, reject) => {
      server.bindAsync(`${host}:${port}`, serverSecurity(tls), (error, boundPort) => {
        this.boundPort = boundPort;
        if (error) reject(new DomainError('invalid_settings', `CAPTIONER_HOST, CAPTIONER_PORT: ${error.message}`));
        else resolve(server);
      });
    });
  }

  override async close(): Promise<void> {
    const { server } = this;
    if (!server) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => {
        server.forceShutdown();
        resolve();
      }, CLOSE_GRACE_MS);
      server.tryShutdown(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}
