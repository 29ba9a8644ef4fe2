import { spawn, type ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';

import { DomainError } from '@housestyle/domain';

import { MAX_PREVIEW_BYTES, pixelBytes, readAnswer } from './decode-answer.js';
import { frameHead, FrameReader, type Frame } from './frame.js';
import type { PictureOrder } from './prepare-picture.js';

export interface DecoderLimits {
  /** longest time one picture may take */
  readonly timeoutMs: number;
  /** memory the process may allocate; the kernel keeps it to that (Linux), whatever it decodes */
  readonly maxMemoryBytes: number;
}

/** The process ended, or had to be ended, without an answer. */
export class DecoderLostError extends Error {
  override readonly name = 'DecoderLostError';

  constructor(
    message: string,
    /** it ended in an orderly way: somebody asked it to, and no picture is to blame */
    readonly isOrderly = false,
  ) {
    super(message);
  }
}

type Answer = ReturnType<typeof readAnswer>;

interface Running {
  readonly order: PictureOrder;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

/** no core dump, no file written, no more data than this: then the program proper, under the same process id */
const LIMITED = 'ulimit -c 0; ulimit -f 0; ulimit -d "$1" 2>/dev/null; shift; exec "$@"';
const JS_HEAP_MEBIBYTES = 128;
/** all that the process is told: nothing of its parent's environment, where secrets are */
const ENVIRONMENT = {
  // few arenas and threads: one picture is decoded at a time
  MALLOC_ARENA_MAX: '2',
  UV_THREADPOOL_SIZE: '2',
  VIPS_BLOCK_UNTRUSTED: '1',
  // large WebP pictures would go through a temporary file
  VIPS_DISC_THRESHOLD: '1024g',
};
/** the last words of a process whose libraries abort rather than fail */
const OUT_OF_MEMORY = /failed to allocate|out of memory|bad_alloc/i;
const MAX_REMARKS_LENGTH = 2_000;
/** a timer that is this late says that this process was held up, not the other */
const STALL_MS = 1_000;

/** One decoding process, seen from its parent. It does one picture at a time and is killed rather than waited for. */
export class DecoderProcess {
  /** undefined when the system had no room for it, or for its pipes */
  private readonly child: ChildProcess | undefined;
  private readonly socket: Socket | undefined;
  private running: Running | undefined;
  private timer: NodeJS.Timeout | undefined;
  private remarks = '';
  private isKilled = false;
  private isClosed = false;
  private started!: { resolve: () => void; reject: (error: Error) => void };
  /** resolves when it can work */
  readonly ready = new Promise<void>((resolve, reject) => (this.started = { resolve, reject }));
  readonly exited: Promise<DecoderLostError>;

  constructor(
    script: URL,
    private readonly limits: DecoderLimits,
  ) {
    let end!: (code: number | null, signal: string | null) => void;
    this.exited = new Promise((resolve) => {
      end = (code, signal) => {
        const error = this.toError(code, signal);
        this.onClose(error);
        resolve(error);
      };
    });
    this.ready.catch(() => undefined);
    try {
      this.child = spawnLimited(fileURLToPath(script), limits.maxMemoryBytes);
    } catch (error) {
      this.remarks = (error as Error).message;
      end(-1, null);
      return;
    }
    // before anything else of it is touched: without a descriptor to spare it comes with this error and no pipes
    this.child.on('error', (error) => (this.remarks += error.message));
    this.child.once('close', end);
    this.child.stderr?.on('data', (chunk: Buffer) => {
      this.remarks = (this.remarks + chunk.toString('latin1')).slice(-MAX_REMARKS_LENGTH);
    });
    this.socket = (this.child.stdio as ChildProcess['stdio'] | undefined)?.[3] as Socket | undefined;
    // not a kill of ours, should it have been lost a moment ago
    this.socket?.on('error', () => this.child?.kill('SIGKILL'));
    const hello = new FrameReader(0, () => {
      this.isNeeded = false;
      this.started.resolve();
    });
    this.listen(hello);
  }

  /** It can be given a picture. */
  get isAlive(): boolean {
    return !this.isKilled && !this.isClosed;
  }

  /** A picture is in its hands. */
  get isBusy(): boolean {
    return this.running !== undefined;
  }

  /** It ended by itself, or by a hand that is not ours. */
  get isLost(): boolean {
    return this.isClosed && !this.isKilled;
  }

  /** undefined when the system gave it none */
  get pid(): number | undefined {
    return this.child?.pid;
  }

  /**
   * @throws DomainError what decoding says; `decode_timeout`, and the process is killed; `decode_out_of_memory`
   * @throws DecoderLostError when it ends without an answer
   */
  run(order: PictureOrder, bytes: Uint8Array): Promise<Answer> {
    return new Promise<Answer>((resolve, reject) => {
      this.running = { order, resolve, reject };
      const reader = new FrameReader(pixelBytes(order) + MAX_PREVIEW_BYTES, (frame) => this.onAnswer(frame));
      this.listen(reader);
      this.isNeeded = true;
      this.startTimer();
      this.socket?.cork();
      this.socket?.write(frameHead(order, bytes.length));
      this.socket?.write(bytes);
      this.socket?.uncork();
    });
  }

  /** Whether this process waits for that one: an idle one does not keep it from ending. */
  private set isNeeded(isNeeded: boolean) {
    for (const handle of [this.child, this.socket, this.child?.stderr as Socket | undefined]) {
      if (isNeeded) handle?.ref();
      else handle?.unref();
    }
  }

  kill(): void {
    this.isKilled = true;
    // whoever waits for its end shall see it
    this.isNeeded = true;
    this.child?.kill('SIGKILL');
  }

  private listen(reader: FrameReader): void {
    this.socket?.removeAllListeners('data');
    this.socket?.on('data', (chunk: Buffer) => {
      try {
        reader.push(chunk);
      } catch {
        this.kill();
      }
    });
  }

  private onAnswer(frame: Frame): void {
    const running = this.running;
    if (!running) return this.kill();
    try {
      this.settle(({ resolve }) => resolve(readAnswer(frame, running.order)));
    } catch (error) {
      if (!(error instanceof DomainError)) this.kill();
      this.settle(({ reject }) => reject(error as Error));
    }
  }

  private startTimer(): void {
    const { timeoutMs } = this.limits;
    const dueAt = performance.now() + timeoutMs;
    this.timer = setTimeout(() => {
      if (performance.now() > dueAt + STALL_MS) return this.startTimer();
      this.kill();
      const error = new DomainError('decode_timeout', `The picture was not decoded within ${timeoutMs} ms`);
      this.settle(({ reject }) => reject(error));
    }, timeoutMs);
  }

  private onClose(error: DecoderLostError): void {
    this.isClosed = true;
    this.started.reject(error);
    const isOutOfMemory = OUT_OF_MEMORY.test(error.message);
    const why = isOutOfMemory
      ? new DomainError('decode_out_of_memory', 'The picture needs too much memory to decode', { cause: error })
      : error;
    this.settle(({ reject }) => reject(why));
  }

  private toError(code: number | null, signal: string | null): DecoderLostError {
    const remark = this.remarks.trim().split('\n').at(-1);
    const how = `${signal ?? code}${remark ? `: ${remark}` : ''}`;
    return new DecoderLostError(`the decoding process ended (${how})`, code === 0);
  }

  /** Ends the order in hand, if there is one still. */
  private settle(end: (running: Running) => void): void {
    const running = this.running;
    if (!running) return;
    end(running);
    this.running = undefined;
    this.isNeeded = false;
    clearTimeout(this.timer);
  }
}

function spawnLimited(script: string, maxMemoryBytes: number): ChildProcess {
  const node = [process.execPath, `--max-old-space-size=${JS_HEAP_MEBIBYTES}`, '--expose-gc', script];
  const limited = ['/bin/sh', '-c', LIMITED, 'sh', String(Math.ceil(maxMemoryBytes / 1024)), ...node];
  const [command = '', ...args] = process.platform === 'win32' ? node : limited;
  return spawn(command, args, { env: ENVIRONMENT, stdio: ['ignore', 'ignore', 'pipe', 'pipe'], windowsHide: true });
}
