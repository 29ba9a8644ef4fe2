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
import type { GenerationDefaults } from '@housestyle/clipcap';
import { BASE_MAPPER_ID, ERROR_CODES } from '@housestyle/domain';
import { Injectable } from '@nestjs/common';
import { checkGeneration, checkRequest } from './caption-request.js';
import type { Call } from './base-workers.js';
import { CaptionWorkers } from './caption-workers.js';
import { CaptionerMetrics } from './captioner-metrics.js';
import { MapperCache } from './mapper-cache.js';
import {
  groupByMapper,
  isReadable,
  readItem,
  toFailedItem,
  type MapperGroup,
  type ReadableItem,
} from './mapper-groups.js';
import { ServingGate } from './serving-gate.js';
import type { BatchItem, ItemOutcome, LocalMapper } from './worker-messages.js';

type Submit = (items: readonly BatchItem[]) => Promise<ItemOutcome>[];

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
      const items = request.items.map((item) => readItem(item, base));
      const readable = items.filter(isReadable);
      const outcomes = await this.captionReadable(base.name, readable, generation, call);
      const results = items.map((item, index) =>
        this.toResult(request.items[index]!, isReadable(item) ? outcomes.get(item)! : item),
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

  private async captionReadable(
    base: string,
    items: readonly ReadableItem[],
    generation: GenerationDefaults,
    call: Call,
  ): Promise<ReadonlyMap<ReadableItem, ItemOutcome>> {
    if (items.length === 0) return new Map();
    return this.workers.use(base, items.length, call, (workers) => {
      const submit: Submit = (ready) =>
        workers.submit(generation, ready, call).map((outcome) => outcome.catch(toFailedItem));
      return this.captionGroups(groupByMapper(items), submit, call.deadline);
    });
  }

  /**
   * What has its mapper goes to the workers at once, together; the rest follows, mapper by mapper, as these come.
   * @throws DomainError `captioner_overloaded` when the first part does not fit: nothing has been begun then
   */
  private async captionGroups(
    groups: readonly MapperGroup[],
    submit: Submit,
    deadline: number,
  ): Promise<Map<ReadableItem, ItemOutcome>> {
    const release = this.mappers.hold(groups.flatMap(({ mapper }) => mapper ?? []));
    try {
      const found = await Promise.all(
        groups.map(async ({ mapper }) => (mapper ? await this.mappers.find(mapper) : undefined)),
      );
      const isReady = ({ mapper }: MapperGroup, index: number) => !mapper || found[index] !== undefined;
      const ready = groups.flatMap((group, n) =>
        isReady(group, n) ? group.items.map((item) => [item, found[n]] as const) : [],
      );
      const late = groups.filter((group, index) => !isReady(group, index));
      const running = [
        ...zip(
          ready.map(([item]) => item),
          submit(ready.map(([item, mapper]) => toBatchItem(item, mapper))),
        ),
        ...late.flatMap((group) => zip(group.items, this.captionLate(group, submit, deadline))),
      ];
      return new Map(await Promise.all(running.map(async ([item, outcome]) => [item, await outcome] as const)));
    } finally {
      release();
    }
  }

  /** One outcome per item, whatever happens. */
  private captionLate({ mapper, items }: MapperGroup, submit: Submit, deadline: number): Promise<ItemOutcome>[] {
    const submitted = this.mappers
      .pull(mapper!, deadline)
      .then((local) => submit(items.map((item) => toBatchItem(item, local))));
    return items.map((_, index) => submitted.then((outcomes) => outcomes[index]!).catch(toFailedItem));
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

const toBatchItem = ({ input }: ReadableItem, mapper: LocalMapper | undefined): BatchItem =>
  mapper ? { input, mapper } : { input };

const zip = <A, B>(first: readonly A[], second: readonly B[]): (readonly [A, B])[] =>
  first.map((entry, index) => [entry, second[index]!] as const);
