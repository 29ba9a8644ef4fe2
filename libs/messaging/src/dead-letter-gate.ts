/** What is being read now is nearly all unreadable: setting it aside waits for a person, or for better times. */
export class TooManyDeadLettersError extends Error {
  override readonly name = 'TooManyDeadLettersError';

  constructor(
    readonly topic: string,
    readonly unreadable: number,
    readonly of: number,
    commonest: string,
  ) {
    super(`${unreadable} of the last ${of} messages of ${topic} cannot land (most: ${commonest})`);
  }
}

export interface DeadLetterGateOptions {
  /** the share of unreadable messages from which a topic pauses; above 1: never */
  readonly maxShare: number;
  /** looked at: fewer say nothing about a topic, and of more the newest count */
  readonly window?: { readonly least: number; readonly most: number };
  /** a topic pauses, or goes on */
  readonly onChange?: (pause: TooManyDeadLettersError | undefined, topic: string) => void;
}

const WINDOW = { least: 100, most: 200 };
/** a source asks again within half a minute */
const FORGOTTEN_MS = 120_000;

/**
 * Keeps a topic out of its dead letters. One bad message among good ones is the sender's fault; when nearly all are bad,
 * the fault is more likely to lie here (the wrong database, a version too old for its events, a mapping that was lost),
 * and a topic that was dead-lettered for it would have to be sent back. Asked again and again about the same messages,
 * it says the same until they, or what came before them, are better.
 */
export class DeadLetterGate {
  /** by topic: for each message that was done with, newest last, whether it was unreadable */
  private readonly recent = new Map<string, boolean[]>();
  private readonly paused = new Map<string, { readonly error: TooManyDeadLettersError; readonly at: number }>();

  constructor(
    private readonly options: DeadLetterGateOptions,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Why topics wait now; empty when none does. One that is not asked about any more has gone to another process. */
  get pauses(): readonly TooManyDeadLettersError[] {
    const recent = [...this.paused.values()].filter(({ at }) => this.now() - at < FORGOTTEN_MS);
    return recent.map(({ error }) => error);
  }

  /**
   * @param codes for each of these messages in order, the code of what is wrong with it; undefined: nothing
   * @throws TooManyDeadLettersError when they must not be set aside now
   */
  check(topic: string, codes: readonly (string | undefined)[]): void {
    const { least, most } = this.options.window ?? WINDOW;
    const seen = [...(this.recent.get(topic) ?? []), ...codes.map((code) => code !== undefined)].slice(-most);
    const unreadable = seen.filter(Boolean).length;
    const isFlood = seen.length >= least && unreadable / seen.length >= this.options.maxShare;
    const refused = codes.filter((code) => code !== undefined);
    if (isFlood && refused.length > 0) {
      const error = new TooManyDeadLettersError(topic, unreadable, seen.length, commonest(refused));
      const isNew = !this.paused.has(topic);
      this.paused.set(topic, { error, at: this.now() });
      if (isNew) this.options.onChange?.(error, topic);
      throw error;
    }
    if (this.paused.delete(topic)) this.options.onChange?.(undefined, topic);
  }

  /** These are done with: landed, or set aside and acknowledged. */
  done(topic: string, codes: readonly (string | undefined)[]): void {
    const { most } = this.options.window ?? WINDOW;
    const seen = [...(this.recent.get(topic) ?? []), ...codes.map((code) => code !== undefined)];
    this.recent.set(topic, seen.slice(-most));
  }
}

function commonest(codes: readonly string[]): string {
  const count = (code: string): number => codes.filter((other) => other === code).length;
  return [...new Set(codes)].reduce((a, b) => (count(b) > count(a) ? b : a));
}
