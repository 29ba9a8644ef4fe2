import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { PackageDefinition } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';
import {
  CAPTIONER_PACKAGE,
  captionerProtoPath,
  LOADER_OPTIONS,
  MAX_MESSAGE_BYTES,
} from '@housestyle/contracts/captioner';
import { DomainError } from '@housestyle/domain';
import { ServerGrpc } from '@nestjs/microservices';
import type { HealthImplementation } from 'grpc-health-check';

/** How long open streams (health watchers) may stay once every call is answered. */
const CLOSE_GRACE_MS = 1_000;

/** Nest's gRPC server, with health and reflection beside the service; it tells its port and closes with a limit. */
export class CaptionerServer extends ServerGrpc {
  private boundPort = 0;
  private server: Server | undefined;

  constructor(
    private readonly address: { readonly host: string; readonly port: number },
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
    const server = new Server({
      'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
      'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
      'grpc.keepalive_time_ms': 30_000,
    });
    this.server = server;
    const { host, port } = this.address;
    return new Promise((resolve, reject) => {
      server.bindAsync(`${host}:${port}`, ServerCredentials.createInsecure(), (error, boundPort) => {
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
