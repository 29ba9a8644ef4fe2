/** Of the deadline: a captioner's pace varies, and pictures that are given up were captioned for nothing. */
const SHARE = 0.7;
/** Of what was known before, where a call tells something else. */
const MEMORY = 0.5;

/**
 * How many pictures a captioner may have at once so that it answers them within the deadline: one that is slow for its
 * size or its load would be asked for more than it can do, give up, and be asked again.
 */
export class CallPace {
  private msPerPicture: number | undefined;

  constructor(private readonly deadlineMs: number) {}

  /** Pictures under way together; at least one. */
  get most(): number {
    if (this.msPerPicture === undefined) return Infinity;
    return Math.max(1, Math.floor((SHARE * this.deadlineMs) / this.msPerPicture));
  }

  /** A call took so long, or as long as it could, while so many pictures were under way, its own among them. */
  note(ms: number, underWay: number): void {
    const told = ms / underWay;
    this.msPerPicture = this.msPerPicture === undefined ? told : MEMORY * this.msPerPicture + (1 - MEMORY) * told;
  }
}
