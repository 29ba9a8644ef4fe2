import { DomainError } from '@housestyle/domain';

import { DEFAULT_MAX_PIXELS, isShortage } from './decode-image.js';
import { DecoderLostError, DecoderProcess, type DecoderLimits } from './decoder-process.js';
import type { CroppedPicture, PictureOrder, PreparedPicture } from './prepare-picture.js';

export interface DecodePoolOptions extends Partial<DecoderLimits> {
  /** processes at most; they are started as pictures come, and end when none come for a while, but for one */
  readonly size: number;
  /** larger pictures are refused before they are decoded */
  readonly maxPixels?: number;
  /** large JPEG and WebP pictures are decoded at a fraction of their size: quicker, and not as Pillow would */
  readonly isShrinkingOnLoad?: boolean;
  /** called when a process ended that nobody had asked to */
  readonly onProcessLost?: (error: Error) => void;
  /** wait before another process is tried when one did not start; doubles with each in a row, up to 64 times */
  readonly restartDelayMs?: number;
  /** how long a process may have nothing to do */
  readonly idleMs?: number;
  /** the program of a process */
  readonly script?: URL;
}

type Answer = Awaited<ReturnType<DecoderProcess['run']>>;

interface Waiting {
  readonly bytes: Uint8Array;
  readonly order: PictureOrder;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
  /** processes it has outlived */
  losses: number;
  /** one of them ended because the system was short of threads or files */
  wasShort: boolean;
}

interface Worker {
  readonly process: DecoderProcess;
  pictures: number;
  idleTimer?: NodeJS.Timeout;
}

const DEFAULT_LIMITS: DecoderLimits = { timeoutMs: 20_000, maxMemoryBytes: 2 ** 31 };
/** a first loss may be somebody else's fault: the system's, when memory is short, or an operator's */
const MAX_LOSSES = 2;
const MAX_FAILED_STARTS = 5;
const MAX_DOUBLINGS = 6;
const IDLE_MS = 60_000;
/** then a fresh process takes over: nothing that a picture left behind stays for long */
const MAX_PICTURES = 1_000;

/**
 * Pictures decoded in processes that may be lost: each has limits of memory and time and a fresh, empty environment,
 * and does one picture at a time, so that a picture that crashes, hangs or overfills its process harms no other.
 */
export class DecodePool {
  private readonly workers = new Set<Worker>();
  private readonly idle: Worker[] = [];
  private readonly waiting: Waiting[] = [];
  private starting = 0;
  private failedStarts = 0;
  private restartTimer: NodeJS.Timeout | undefined;
  private isClosing = false;

  constructor(private readonly options: DecodePoolOptions) {}

  /** The processes that live now, by their ids. */
  get processes(): { readonly pid: number; readonly isBusy: boolean }[] {
    return this.alive.flatMap(({ process: { pid, isBusy } }) => (pid === undefined ? [] : [{ pid, isBusy }]));
  }

  /** Starts a first process. @throws Error when it does not start, unless the pool is being closed */
  async open(): Promise<void> {
    if (this.workers.size === 0) this.start();
    await Promise.all([...this.workers].map(({ process }) => process.ready)).catch((error: unknown) => {
      if (!this.isClosing) throw error;
    });
  }

  /**
   * The crop of `imageSize` and the preview.
   * @throws DomainError as `decodeImage` does; `decode_timeout`, `decode_out_of_memory`, or `decoder_crashed` when it
   * ended two processes; `internal` when no process can be had, or the system is short of threads or files
   */
  async prepare(bytes: Uint8Array, imageSize: number): Promise<PreparedPicture> {
    return (await this.run(bytes, imageSize, true)) as PreparedPicture;
  }

  /** The same without a preview. */
  async crop(bytes: Uint8Array, imageSize: number): Promise<CroppedPicture> {
    return this.run(bytes, imageSize, false);
  }

  /** Ends every process at once; what is not done fails with `deadline_exceeded`. */
  async close(): Promise<void> {
    this.isClosing = true;
    clearTimeout(this.restartTimer);
    this.failWaiting(closing());
    for (const { process, idleTimer } of this.workers) {
      clearTimeout(idleTimer);
      process.kill();
    }
    await Promise.all([...this.workers].map(({ process }) => process.exited));
  }

  private get alive(): Worker[] {
    return [...this.workers].filter(({ process }) => process.isAlive);
  }

  private run(bytes: Uint8Array, imageSize: number, isPreviewWanted: boolean): Promise<Answer> {
    if (this.isClosing) return Promise.reject(closing());
    const { maxPixels = DEFAULT_MAX_PIXELS, isShrinkingOnLoad = false } = this.options;
    const order = { imageSize, maxPixels, isPreviewWanted, isShrinkingOnLoad };
    return new Promise((resolve, reject) => {
      this.waiting.push({ bytes, order, resolve, reject, losses: 0, wasShort: false });
      this.dispatch();
    });
  }

  private dispatch(): void {
    while (this.waiting.length > 0 && this.idle.length > 0) {
      const worker = this.idle.pop()!;
      clearTimeout(worker.idleTimer);
      void this.work(worker, this.waiting.shift()!);
    }
    if (this.restartTimer) return;
    // one is there even when nothing waits, so that the next picture need not
    while (this.workers.size < this.options.size && (this.starting < this.waiting.length || this.workers.size === 0)) {
      this.start();
    }
  }

  private async work(worker: Worker, picture: Waiting): Promise<void> {
    worker.pictures += 1;
    try {
      picture.resolve(await worker.process.run(picture.order, picture.bytes));
    } catch (error) {
      if (error instanceof DecoderLostError) this.again(picture, error);
      else picture.reject(error);
      if (error instanceof DomainError && error.code === 'decode_out_of_memory') worker.process.kill();
    }
    if (worker.pictures >= MAX_PICTURES) worker.process.kill();
    if (worker.process.isAlive) this.rest(worker);
  }

  private rest(worker: Worker): void {
    this.idle.push(worker);
    worker.idleTimer = setTimeout(() => {
      if (this.alive.length > 1) worker.process.kill();
    }, this.options.idleMs ?? IDLE_MS);
    worker.idleTimer.unref();
    this.dispatch();
  }

  private start(): void {
    const script = this.options.script ?? new URL('./decode.main.js', import.meta.url);
    const worker: Worker = { process: new DecoderProcess(script, { ...DEFAULT_LIMITS, ...this.options }), pictures: 0 };
    this.workers.add(worker);
    this.starting += 1;
    worker.process.ready.then(
      () => this.onStarted(worker),
      (error: Error) => this.onFailedStart(error),
    );
    void worker.process.exited.then((error) => this.onExit(worker, error));
  }

  private onStarted(worker: Worker): void {
    this.starting -= 1;
    this.failedStarts = 0;
    if (worker.process.isAlive) this.rest(worker);
  }

  private onFailedStart(error: Error): void {
    this.starting -= 1;
    if (this.isClosing) return;
    this.failedStarts += 1;
    // those that start now are alive, too
    const isAnyAtWork = this.alive.length > this.starting;
    if (this.failedStarts >= MAX_FAILED_STARTS && !isAnyAtWork) {
      this.failWaiting(new DomainError('internal', `no decoding process starts: ${error.message}`, { cause: error }));
    }
    const delayMs = (this.options.restartDelayMs ?? 100) * 2 ** Math.min(this.failedStarts - 1, MAX_DOUBLINGS);
    clearTimeout(this.restartTimer);
    this.restartTimer = setTimeout(() => {
      this.restartTimer = undefined;
      this.dispatch();
    }, delayMs);
  }

  private onExit(worker: Worker, error: Error): void {
    clearTimeout(worker.idleTimer);
    this.workers.delete(worker);
    const at = this.idle.indexOf(worker);
    if (at >= 0) this.idle.splice(at, 1);
    if (worker.process.isLost && !this.isClosing) this.options.onProcessLost?.(error);
    if (!this.isClosing) this.dispatch();
  }

  private failWaiting(error: DomainError): void {
    for (const { reject } of this.waiting.splice(0)) reject(error);
  }

  private again(picture: Waiting, error: DecoderLostError): void {
    if (this.isClosing) return picture.reject(closing());
    if (!error.isOrderly) picture.losses += 1;
    picture.wasShort ||= isShortage(error.message);
    if (picture.losses < MAX_LOSSES) this.waiting.unshift(picture);
    else if (picture.wasShort) picture.reject(new DomainError('internal', error.message, { cause: error }));
    else picture.reject(new DomainError('decoder_crashed', 'Decoding the picture ended its process', { cause: error }));
  }
}

const closing = (): DomainError => new DomainError('deadline_exceeded', 'Pictures are no longer decoded here');
