import type { CaptionItem } from '@housestyle/contracts/captioner';
import { Injectable } from '@nestjs/common';
import { checkRequest } from './caption-request.js';
import type { Call } from './base-workers.js';
import { CaptionWorkers } from './caption-workers.js';
import { MapperCache } from './mapper-cache.js';
import {
  groupByMapper,
  isReadable,
  readItem,
  toFailedItem,
  type MapperGroup,
  type ReadableItem,
} from './mapper-groups.js';
import type { ItemOutcome, ItemWork, LocalMapper, ServedBase, WorkItem } from './worker-messages.js';

interface ItemsRequest {
  readonly baseModel: string;
  readonly items: CaptionItem[];
}

export interface RanItems {
  readonly base: ServedBase;
  /** in the order of the request's items. */
  readonly outcomes: readonly ItemOutcome[];
}

type Submit = (items: readonly WorkItem[]) => Promise<ItemOutcome>[];

/** Brings a call's items to the inference threads, each with its mapper: what concerns one item ends in its outcome. */
@Injectable()
export class ItemRunner {
  constructor(
    private readonly workers: CaptionWorkers,
    private readonly mappers: MapperCache,
  ) {}

  /** @throws DomainError when the call as a whole cannot be served */
  async run(request: ItemsRequest, work: ItemWork, call: Call): Promise<RanItems> {
    const base = this.workers.base(request.baseModel);
    checkRequest(request, this.workers.maxItems);
    const items = request.items.map((item) => readItem(item, base));
    const outcomes = await this.runReadable(base.name, items.filter(isReadable), work, call);
    return { base, outcomes: items.map((item) => (isReadable(item) ? outcomes.get(item)! : item)) };
  }

  private async runReadable(
    base: string,
    items: readonly ReadableItem[],
    work: ItemWork,
    call: Call,
  ): Promise<ReadonlyMap<ReadableItem, ItemOutcome>> {
    if (items.length === 0) return new Map();
    return this.workers.use(base, items.length, call, (workers) => {
      const submit: Submit = (ready) => workers.submit(work, ready, call).map((outcome) => outcome.catch(toFailedItem));
      return this.runGroups(groupByMapper(items), submit, call.deadline);
    });
  }

  /**
   * What has its mapper goes to the workers at once, together; the rest follows, mapper by mapper, as these come.
   * @throws DomainError `captioner_overloaded` when the first part does not fit: nothing has been begun then
   */
  private async runGroups(
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
          submit(ready.map(([item, mapper]) => toWorkItem(item, mapper))),
        ),
        ...late.flatMap((group) => zip(group.items, this.runLate(group, submit, deadline))),
      ];
      return new Map(await Promise.all(running.map(async ([item, outcome]) => [item, await outcome] as const)));
    } finally {
      release();
    }
  }

  /** One outcome per item, whatever happens. */
  private runLate({ mapper, items }: MapperGroup, submit: Submit, deadline: number): Promise<ItemOutcome>[] {
    const submitted = this.mappers
      .pull(mapper!, deadline)
      .then((local) => submit(items.map((item) => toWorkItem(item, local))));
    return items.map((_, index) => submitted.then((outcomes) => outcomes[index]!).catch(toFailedItem));
  }
}

const toWorkItem = ({ input }: ReadableItem, mapper: LocalMapper | undefined): WorkItem =>
  mapper ? { input, mapper } : { input };

const zip = <A, B>(first: readonly A[], second: readonly B[]): (readonly [A, B])[] =>
  first.map((entry, index) => [entry, second[index]!] as const);
