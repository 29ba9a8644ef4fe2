import { setMaxListeners } from 'node:events';
import type { ServerUnaryCall } from '@grpc/grpc-js';
import type {
  CaptionRequest,
  CaptionResponse,
  InterpretRequest,
  InterpretResponse,
  ListBaseModelsRequest,
  ListBaseModelsResponse,
} from '@housestyle/contracts/captioner';
import { DomainError } from '@housestyle/domain';
import { Controller, UseFilters } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import type { Call } from './base-workers.js';
import { CaptionService } from './caption.service.js';
import { GrpcErrorFilter } from './grpc-error.filter.js';

@Controller()
@UseFilters(GrpcErrorFilter)
export class CaptionerController {
  constructor(private readonly captions: CaptionService) {}

  @GrpcMethod('Captioner', 'Caption')
  caption(request: CaptionRequest, _metadata: unknown, call: AnyCall): Promise<CaptionResponse> {
    return this.captions.caption(request, toCall(call));
  }

  @GrpcMethod('Captioner', 'Interpret')
  interpret(request: InterpretRequest, _metadata: unknown, call: AnyCall): Promise<InterpretResponse> {
    return this.captions.interpret(request, toCall(call));
  }

  @GrpcMethod('Captioner', 'ListBaseModels')
  listBaseModels(_request: ListBaseModelsRequest): ListBaseModelsResponse {
    return this.captions.listBaseModels();
  }
}

type AnyCall = ServerUnaryCall<unknown, unknown>;

/** @throws DomainError `invalid_request` for a call that could wait for ever */
function toCall(call: AnyCall): Call {
  if (call.getDeadline() === Infinity) throw new DomainError('invalid_request', 'the call has no deadline');
  const ended = new AbortController();
  // each of its items listens
  setMaxListeners(0, ended.signal);
  call.once('cancelled', () => ended.abort());
  return { caller: call.getPeer(), deadline: Number(call.getDeadline()), signal: ended.signal };
}
