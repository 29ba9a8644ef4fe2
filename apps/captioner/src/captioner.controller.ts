import type { ServerUnaryCall } from '@grpc/grpc-js';
import type {
  CaptionRequest,
  CaptionResponse,
  ListBaseModelsRequest,
  ListBaseModelsResponse,
} from '@housestyle/contracts/captioner';
import { Controller, UseFilters } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import { CaptionService } from './caption.service.js';
import { GrpcErrorFilter } from './grpc-error.filter.js';

@Controller()
@UseFilters(GrpcErrorFilter)
export class CaptionerController {
  constructor(private readonly captions: CaptionService) {}

  @GrpcMethod('Captioner', 'Caption')
  caption(
    request: CaptionRequest,
    _metadata: unknown,
    call: ServerUnaryCall<CaptionRequest, CaptionResponse>,
  ): Promise<CaptionResponse> {
    const ended = new AbortController();
    call.once('cancelled', () => ended.abort());
    return this.captions.caption(request, {
      caller: call.getPeer(),
      deadline: Number(call.getDeadline()),
      signal: ended.signal,
    });
  }

  @GrpcMethod('Captioner', 'ListBaseModels')
  listBaseModels(_request: ListBaseModelsRequest): ListBaseModelsResponse {
    return this.captions.listBaseModels();
  }
}
