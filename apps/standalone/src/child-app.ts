import { childEnvironment, type Environment } from '@housestyle/settings';
import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const STOP_WITH_PARENT = new URL('./stop-with-parent.js', import.meta.url).href;
const RESTART_DELAY_MS = 1_000;
const MAX_QUICK_EXITS = 5;
const QUICK_EXIT_MS = 10_000;
const PROBE_TIMEOUT_MS = 5_000;

export interface ChildAppOptions {
  /** `captioner` runs apps/captioner. */
  readonly app: string;
  readonly environment: Environment;
  /** GET answers 2xx once the app can work. */
  readonly readyUrl: string;
  /** Called when the app keeps exiting: a person must act. */
  readonly onGivingUp: (app: string) => void;
}

/** One app as a child process: started, watched, restarted when it dies, stopped on request. */
export class ChildApp {
  private process?: ChildProcess;
  private isStopping = false;
  private quickExits = 0;
  private hasBeenReady = false;
  private failure?: string;

  constructor(private readonly options: ChildAppOptions) {}

  get app(): string {
    return this.options.app;
  }

  start(): void {
    const startedAt = Date.now();
    // a process group of its own: Ctrl-C in the terminal reaches only the parent, which stops the apps in order
    this.process = spawn(process.execPath, ['--import', STOP_WITH_PARENT, mainFile(this.options.app)], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      detached: true,
      env: childEnvironment(this.options.environment),
    });
    this.process.once('exit', (code, signal) => this.onExit(startedAt, signal ?? String(code)));
  }

  /** Resolves when the app can work; rejects when it does not get there: its first exit is final, then. */
  async ready(timeoutMs: number): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (!(await isOk(this.options.readyUrl))) {
      if (this.failure) throw new Error(`${this.app} ${this.failure} before it was ready; see its message above`);
      if (Date.now() > deadline) throw new Error(`${this.app} was not ready after ${timeoutMs / 1000} s`);
      await delay(50);
    }
    this.hasBeenReady = true;
  }

  async stop(): Promise<void> {
    this.isStopping = true;
    const child = this.process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    await new Promise<void>((resolve) => {
      child.once('exit', () => resolve());
      child.kill('SIGTERM');
    });
  }

  private onExit(startedAt: number, how: string): void {
    if (this.isStopping) return;
    if (!this.hasBeenReady) {
      this.failure = `exited (${how})`;
      return;
    }
    this.quickExits = Date.now() - startedAt < QUICK_EXIT_MS ? this.quickExits + 1 : 1;
    if (this.quickExits >= MAX_QUICK_EXITS) return this.options.onGivingUp(this.app);
    console.error(`${this.app} exited (${how}); starting it again`);
    setTimeout(() => !this.isStopping && this.start(), RESTART_DELAY_MS);
  }
}

const delay = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

async function isOk(url: string): Promise<boolean> {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) })).ok;
  } catch {
    return false;
  }
}

const mainFile = (app: string): string => fileURLToPath(new URL(`../../${app}/dist/main.js`, import.meta.url));
