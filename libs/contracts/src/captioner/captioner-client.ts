import { Client, type ServiceError } from '@grpc/grpc-js';
import type { ServiceDefinition } from '@grpc/proto-loader';
import { channelSecurity, type CaptionerTls } from './channel-security.js';
import { fromGrpcError } from './grpc-status.js';
import type {
  CaptionRequest,
  CaptionResponse,
  InterpretRequest,
  InterpretResponse,
  ListBaseModelsRequest,
  ListBaseModelsResponse,
} from './messages.js';
import { captionerServiceDefinition, MAX_MESSAGE_BYTES } from './package-definition.js';

export interface CallOptions {
  /** the call fails with `deadline_exceeded` after this time. */
  readonly deadlineMs: number;
}

const LIST_DEADLINE_MS = 10_000;

/**
 * The captioner over gRPC: one connection, kept alive, reconnecting by itself; many calls at once.
 * Failures of a whole call are DomainErrors: `captioner_unavailable`, `captioner_overloaded`, `deadline_exceeded`
 * (to be retried), `model_not_found`, `invalid_request` (not). Failures of one item are in that item's `status`.
 */
export class CaptionerClient {
  private readonly client: Client;
  private readonly methods: ServiceDefinition;

  /**
   * @param address `host:port`, or any gRPC target; several addresses behind one name are used in turn.
   * @param tls absent: plain text, for a captioner on this machine
   */
  constructor(address: string, tls?: CaptionerTls) {
    const { credentials, options } = channelSecurity(tls);
    this.methods = captionerServiceDefinition().service as ServiceDefinition;
    this.client = new Client(address, credentials, {
      ...options,
      'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
      'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
      'grpc.keepalive_time_ms': 20_000,
      'grpc.keepalive_timeout_ms': 10_000,
      'grpc.keepalive_permit_without_calls': 1,
      'grpc.initial_reconnect_backoff_ms': 250,
      'grpc.max_reconnect_backoff_ms': 5_000,
      'grpc.service_config': JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] }),
    });
  }

  caption(request: CaptionRequest, options: CallOptions): Promise<CaptionResponse> {
    return this.call<CaptionRequest, CaptionResponse>('Caption', request, options.deadlineMs);
  }

  interpret(request: InterpretRequest, options: CallOptions): Promise<InterpretResponse> {
    return this.call<InterpretRequest, InterpretResponse>('Interpret', request, options.deadlineMs);
  }

  listBaseModels(options: CallOptions = { deadlineMs: LIST_DEADLINE_MS }): Promise<ListBaseModelsResponse> {
    return this.call<ListBaseModelsRequest, ListBaseModelsResponse>('ListBaseModels', {}, options.deadlineMs);
  }

  close(): void {
    this.client.close();
  }

  private call<Request, Response>(name: string, request: Request, deadlineMs: number): Promise<Response> {
    const method = this.methods[name];
    if (!method) throw new Error(`the contract has no method ${name}`);
    return new Promise((resolve, reject) => {
      this.client.makeUnaryRequest(
        method.path,
        method.requestSerialize as (value: Request) => Buffer,
        method.responseDeserialize as (bytes: Buffer) => Response,
        request,
        { deadline: Date.now() + deadlineMs },
        (error: ServiceError | null, response?: Response) => {
          if (error) reject(fromGrpcError(error));
          else resolve(response as Response);
        },
      );
    });
  }
}
