import {
  embeddingToBytes,
  generationFromWire,
  hypothesisToWire,
  type CaptionRequest,
  type CaptionResponse,
  type InterpretRequest,
  type InterpretResponse,
  type ItemStatus,
  type ListBaseModelsResponse,
} from '@housestyle/contracts/captioner';
import { BASE_MAPPER_ID, ERROR_CODES } from '@housestyle/domain';
import { Injectable } from '@nestjs/common';
import { checkGeneration, readTopK } from './caption-request.js';
import type { Call } from './base-workers.js';
import { CaptionWorkers } from './caption-workers.js';
import { CaptionerMetrics } from './captioner-metrics.js';
import { ItemRunner } from './item-runner.js';
import { ServingGate } from './serving-gate.js';
import type { ItemOutcome } from './worker-messages.js';

/** Request in, response out: what concerns one item ends in that item's status, the rest fails the call. */
@Injectable()
export class CaptionService {
  constructor(
    private readonly gate: ServingGate,
    private readonly workers: CaptionWorkers,
    private readonly runner: ItemRunner,
    private readonly metrics: CaptionerMetrics,
  ) {}

  caption(request: CaptionRequest, call: Call): Promise<CaptionResponse> {
    return this.gate.admit(request.items.length, async () => {
      const generation = generationFromWire(request.generation);
      checkGeneration(generation);
      const { base, outcomes } = await this.runner.run(request, { kind: 'caption', generation }, call);
      const results = outcomes.map((outcome, index) => ({
        ...this.answerTo(request.items[index]!, outcome),
        embedding: 'hypotheses' in outcome ? { values: embeddingToBytes(outcome.embedding) } : null,
        hypotheses: 'hypotheses' in outcome ? outcome.hypotheses.map(hypothesisToWire) : [],
      }));
      return { baseModel: base.name, baseModelSha256: base.sha256, results };
    });
  }

  interpret(request: InterpretRequest, call: Call): Promise<InterpretResponse> {
    return this.gate.admit(request.items.length, async () => {
      const { base, outcomes } = await this.runner.run(request, { kind: 'interpret', topK: readTopK(request) }, call);
      const results = outcomes.map((outcome, index) => ({
        ...this.answerTo(request.items[index]!, outcome),
        positions:
          'positions' in outcome ? outcome.positions.map(({ norm, words }) => ({ norm, words: [...words] })) : [],
      }));
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

  /** What every answer to an item says of it. */
  private answerTo({ id, mapper }: CaptionRequest['items'][number], outcome: ItemOutcome) {
    this.metrics.items.inc({ code: outcome.isOk ? 'ok' : outcome.code });
    return { id, mapperId: mapper?.id ?? BASE_MAPPER_ID, status: statusOf(outcome) };
  }
}

function statusOf(outcome: ItemOutcome): ItemStatus {
  if (outcome.isOk) return { code: 'ok', message: '', isRetryable: false };
  const { code, message } = outcome;
  return { code, message, isRetryable: ERROR_CODES[code].disposition === 'retry' };
}
