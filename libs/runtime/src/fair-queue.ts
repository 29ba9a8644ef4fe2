/** One waiting piece of work. Work of one `group` may share a batch; `caller` is who is served in turn. */
export interface Queued<Item> {
  readonly item: Item;
  readonly group: string;
  readonly caller: string;
  /** epoch milliseconds, of when it came. */
  readonly arrivedAt: number;
}

/** Waiting work, taken group by group (the longest-waiting group first) and within a group from each caller in turn. */
export class FairQueue<Entry extends Queued<unknown>> {
  private readonly groups = new Map<string, Map<string, Entry[]>>();
  private count = 0;

  get length(): number {
    return this.count;
  }

  push(entry: Entry): void {
    const callers = this.groups.get(entry.group) ?? new Map<string, Entry[]>();
    this.groups.set(entry.group, callers);
    const entries = callers.get(entry.caller) ?? [];
    callers.set(entry.caller, entries);
    entries.push(entry);
    this.count++;
  }

  /** Removes and returns every entry that `matches`. */
  remove(matches: (entry: Entry) => boolean): Entry[] {
    const removed: Entry[] = [];
    for (const [group, callers] of this.groups) {
      for (const [caller, entries] of callers) {
        const kept = entries.filter((entry) => !matches(entry));
        if (kept.length === entries.length) continue;
        removed.push(...entries.filter(matches));
        if (kept.length > 0) callers.set(caller, kept);
        else callers.delete(caller);
      }
      if (callers.size === 0) this.groups.delete(group);
    }
    this.count -= removed.length;
    return removed;
  }

  /** How many entries wait in the group that is next, and since when its first does; undefined when nothing waits. */
  next(): { readonly group: string; readonly size: number; readonly oldestAt: number } | undefined {
    let oldest: { group: string; size: number; oldestAt: number } | undefined;
    for (const [group, callers] of this.groups) {
      let size = 0;
      let oldestAt = Infinity;
      for (const entries of callers.values()) {
        size += entries.length;
        oldestAt = Math.min(oldestAt, entries[0]?.arrivedAt ?? Infinity);
      }
      if (!oldest || oldestAt < oldest.oldestAt) oldest = { group, size, oldestAt };
    }
    return oldest;
  }

  /** Up to `limit` entries of `group`, one from each caller in turn; whoever was served goes behind the others. */
  take(group: string, limit: number): Entry[] {
    const callers = this.groups.get(group);
    const taken: Entry[] = [];
    while (callers && callers.size > 0 && taken.length < limit) {
      const [caller, entries] = callers.entries().next().value!;
      callers.delete(caller);
      taken.push(entries.shift()!);
      if (entries.length > 0) callers.set(caller, entries);
    }
    if (callers?.size === 0) this.groups.delete(group);
    this.count -= taken.length;
    return taken;
  }
}
