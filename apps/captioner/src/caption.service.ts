import {
  embeddingToBytes,
  generationFromWire,
  hypothesisToWire,
  type CaptionItem,
  type CaptionRequest,
  type CaptionResponse,
  type CaptionResult,
  type ListBaseModelsResponse,
} from '@housestyle/contracts/captioner';
import { BASE_MAPPER_ID, ERROR_CODES, toDomainError } from '@housestyle/domain';
import { Injectable } from '@nestjs/common';
import { checkGeneration, checkRequest, readInput, readMapperReference } from './caption-request.js';
import { CaptionWorkers, type Call } from './caption-workers.js';
import { CaptionerMetrics } from './captioner-metrics.js';
import { MapperCache } from './mapper-cache.js';
import { ServingGate } from './serving-gate.js';
import type { BatchItem, FailedItem, ItemOutcome, ServedBase } from './worker-messages.js';

/** Request in, response out: what concerns one item ends in that item's status, the rest fails the call. */
@Injectable()
export class CaptionService {
  constructor(
    private readonly gate: ServingGate,
    private readonly workers: CaptionWorkers,
    private readonly mappers: MapperCache,
    private readonly metrics: CaptionerMetrics,
  ) {}

  caption(request: CaptionRequest, call: Call): Promise<CaptionResponse> {
    return this.gate.admit(async () => {
      const base = this.workers.base(request.baseModel);
      checkRequest(request, this.workers.maxItems);
      const generation = generationFromWire(request.generation);
      checkGeneration(generation);
      const prepared = await Promise.all(request.items.map((item) => this.prepare(item, base)));
      const ready = prepared.filter(isReady);
      const pending = this.workers.submit(base.name, generation, ready, call);
      const outcomes = await Promise.all(pending.map((outcome) => outcome.catch(toFailedItem)));
      const results = prepared.map((item, index) =>
        this.toResult(request.items[index]!, isReady(item) ? outcomes[ready.indexOf(item)]! : item),
      );
      return { baseModel: base.name, baseModelSha256: base.sha256, results };
    });
  }

  listBaseModels(): ListBaseModelsResponse {
    return {
      baseModels: this.workers.bases.map(({ name, version, sha256, imageSize, embeddingSize }) => ({
        name,
        version,
        sha256,
        imageSize,
        embeddingSize,
      })),
    };
  }

  private async prepare(item: CaptionItem, base: ServedBase): Promise<BatchItem | FailedItem> {
    try {
      const input = readInput(item, base);
      const reference = readMapperReference(item);
      return reference ? { input, mapper: await this.mappers.pull(reference) } : { input };
    } catch (error) {
      return toFailedItem(error);
    }
  }

  private toResult({ id, mapper }: CaptionItem, outcome: ItemOutcome): CaptionResult {
    const mapperId = mapper?.id ?? BASE_MAPPER_ID;
    if (!outcome.isOk) {
      const { code, message } = outcome;
      this.metrics.items.inc({ code });
      const isRetryable = ERROR_CODES[code].disposition === 'retry';
      return { id, mapperId, status: { code, message, isRetryable }, embedding: null, hypotheses: [] };
    }
    this.metrics.items.inc({ code: 'ok' });
    return {
      id,
      mapperId,
      status: { code: 'ok', message: '', isRetryable: false },
      embedding: { values: embeddingToBytes(outcome.embedding) },
      hypotheses: outcome.hypotheses.map(hypothesisToWire),
    };
  }
}

const isReady = (item: BatchItem | FailedItem): item is BatchItem => 'input' in item;

function toFailedItem(thrown: unknown): FailedItem {
  const { code, message } = toDomainError(thrown);
  return { isOk: false, code, message };
}
