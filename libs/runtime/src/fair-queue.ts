/** One waiting piece of work. */
export interface Queued {
  /** who is served in turn. */
  readonly caller: string;
}

/** Waiting work, taken from each caller in turn; whoever was served goes behind the others. */
export class FairQueue<Entry extends Queued> {
  private readonly callers = new Map<string, Entry[]>();
  private count = 0;

  get length(): number {
    return this.count;
  }

  push(entry: Entry): void {
    const entries = this.callers.get(entry.caller) ?? [];
    this.callers.set(entry.caller, entries);
    entries.push(entry);
    this.count++;
  }

  take(): Entry | undefined {
    const [next] = this.callers;
    if (!next) return undefined;
    const [caller, entries] = next;
    this.callers.delete(caller);
    const taken = entries.shift()!;
    if (entries.length > 0) this.callers.set(caller, entries);
    this.count--;
    return taken;
  }

  /** Removes and returns every entry that `matches`. */
  remove(matches: (entry: Entry) => boolean): Entry[] {
    const removed: Entry[] = [];
    for (const [caller, entries] of this.callers) {
      const kept = entries.filter((entry) => !matches(entry));
      if (kept.length === entries.length) continue;
      removed.push(...entries.filter(matches));
      if (kept.length > 0) this.callers.set(caller, kept);
      else this.callers.delete(caller);
    }
    this.count -= removed.length;
    return removed;
  }
}
