/**
 * How long an editor looked at each suggestion: the time it was the current one while the page was visible, from the
 * first look to the decision. Time spent on other cards, or away from the page, does not count.
 */
export class ReviewClock {
  private readonly spentMs = new Map<string, number>();
  private current: { readonly id: string; readonly sinceMs: number } | undefined;
  private lookedAt: string | undefined;

  constructor(private readonly nowMs: () => number = () => performance.now()) {}

  /** The editor now looks at `id`, or at nothing. */
  look(id: string | undefined): void {
    if (id === this.lookedAt && this.current) return;
    this.pause();
    this.lookedAt = id;
    if (id !== undefined) this.current = { id, sinceMs: this.nowMs() };
  }

  /** The page was hidden; `resume` goes on with the same suggestion. */
  pause(): void {
    if (!this.current) return;
    this.spentMs.set(this.current.id, this.spentOn(this.current.id));
    this.current = undefined;
  }

  resume(): void {
    this.look(this.lookedAt);
  }

  /** Milliseconds looked at `id` so far; starts from zero again. `undefined` when it was never looked at. */
  take(id: string): number | undefined {
    const isKnown = this.spentMs.has(id) || this.current?.id === id;
    const spentMs = this.spentOn(id);
    this.spentMs.delete(id);
    if (this.current?.id === id) this.current = { id, sinceMs: this.nowMs() };
    return isKnown ? Math.round(spentMs) : undefined;
  }

  private spentOn(id: string): number {
    const running = this.current?.id === id ? this.nowMs() - this.current.sinceMs : 0;
    return (this.spentMs.get(id) ?? 0) + running;
  }
}
