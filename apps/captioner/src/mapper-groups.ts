import type { CaptionItem } from '@housestyle/contracts/captioner';
import { toDomainError, type MapperReference } from '@housestyle/domain';
import { readInput, readMapperReference } from './caption-request.js';
import type { FailedItem, ItemInput, ServedBase } from './worker-messages.js';

/** An item of a call that the model can work on. */
export interface ReadableItem {
  readonly input: ItemInput;
  /** absent: the base's own. */
  readonly mapper?: MapperReference;
}

/** The items of a call that wait for the same mapper. */
export interface MapperGroup {
  readonly mapper?: MapperReference;
  readonly items: ReadableItem[];
}

export function readItem(item: CaptionItem, base: ServedBase): ReadableItem | FailedItem {
  try {
    const input = readInput(item, base);
    const mapper = readMapperReference(item);
    return mapper ? { input, mapper } : { input };
  } catch (error) {
    return toFailedItem(error);
  }
}

export const isReadable = (item: ReadableItem | FailedItem): item is ReadableItem => 'input' in item;

export function toFailedItem(thrown: unknown): FailedItem {
  const { code, message } = toDomainError(thrown);
  return { isOk: false, code, message };
}

/** By artefact and key: a wrong key fails only the items that gave it. */
export function groupByMapper(items: readonly ReadableItem[]): MapperGroup[] {
  const groups = new Map<string, MapperGroup>();
  for (const item of items) {
    const { mapper } = item;
    const name = mapper ? `${mapper.sha256} ${mapper.key}` : '';
    const group = groups.get(name) ?? { ...(mapper && { mapper }), items: [] };
    group.items.push(item);
    groups.set(name, group);
  }
  return [...groups.values()];
}
