import { startApp, type AppProcess } from '../support/app-process.js';
import { freePort } from '../support/free-port.js';
import { waitFor } from '../support/wait-for.js';
import { PATIENCE_MS } from './patience.js';

/** How a process ended. */
export interface Exit {
  /** the exit code, or the signal's name */
  readonly with: number | string;
  /** from the signal that asked for it; 0 when nobody asked */
  readonly afterMs: number;
}

export interface MemberOptions {
  /** started again whenever it ends, as an orchestrator would */
  readonly isSupervised?: boolean;
  /** another main than the app's own */
  readonly main?: string;
}

const RESTART_PAUSE_MS = 300;

/** A process of a fleet. It may be killed, stopped and started again, on the same ports. */
export class Member {
  /** those that nobody asked for */
  readonly ownExits: Exit[] = [];
  private running: AppProcess | undefined;
  private isWanted = true;
  private restarting: Promise<void> | undefined;
  private wordsBefore = '';

  private constructor(
    readonly name: string,
    private readonly app: string,
    private readonly environment: Readonly<Record<string, string>>,
    private readonly metricsUrl: string,
    private readonly options: MemberOptions,
  ) {}

  static async start(
    name: string,
    app: string,
    environment: Readonly<Record<string, string>>,
    options: MemberOptions = {},
  ): Promise<Member> {
    const metricsPort = await freePort();
    const settings = { ...environment, METRICS_PORT: String(metricsPort) };
    const member = new Member(name, app, settings, `http://127.0.0.1:${metricsPort}`, options);
    await member.launch();
    await member.untilReady();
    return member;
  }

  /** SIGKILL: no farewell, no clean-up. A supervised one comes back by itself. */
  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  /** Starts the same process anew; resolves when it can work. */
  async restart(): Promise<void> {
    await this.launch();
    await this.untilReady();
  }

  /** SIGTERM; resolves with how it ended. A supervised one comes back by itself. */
  terminate(): Promise<Exit> {
    return this.end('SIGTERM');
  }

  /** SIGSTOP for so long, then SIGCONT. */
  async suspend(ms: number): Promise<void> {
    const child = this.running?.process;
    child?.kill('SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, ms));
    child?.kill('SIGCONT');
  }

  async isReady(): Promise<boolean> {
    return (await fetch(`${this.metricsUrl}/readyz`, { signal: AbortSignal.timeout(2_000) })).ok;
  }

  async untilReady(): Promise<void> {
    await waitFor(`${this.name} to be ready`, () => this.isReady(), { timeoutMs: PATIENCE_MS }).catch(
      (error: unknown) => {
        throw new Error(`${String(error)}\n${this.words()}`);
      },
    );
  }

  /** what it has said, in all its lives */
  words(): string {
    return this.wordsBefore + (this.running?.output() ?? '');
  }

  /** Ends it for good. */
  async stop(): Promise<void> {
    this.isWanted = false;
    await this.restarting;
    const child = this.running?.process;
    if (child && child.exitCode === null && child.signalCode === null) {
      child.kill('SIGCONT');
      await this.running!.stop();
    }
  }

  private async end(signal: NodeJS.Signals): Promise<Exit> {
    await this.restarting;
    const child = this.running!;
    expected.add(child);
    const begun = performance.now();
    const code = await child.stop(signal);
    return { with: code, afterMs: Math.round(performance.now() - begun) };
  }

  private async launch(): Promise<void> {
    this.wordsBefore = this.words();
    const { main } = this.options;
    const child = await startApp(this.app, { environment: this.environment, ...(main && { main }) });
    this.running = child;
    void child.exited.then((code) => {
      if (!this.isWanted) return;
      if (!expected.has(child)) this.ownExits.push({ with: code, afterMs: 0 });
      if (this.options.isSupervised) this.restarting = this.relaunch();
    });
  }

  private async relaunch(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, RESTART_PAUSE_MS));
    if (this.isWanted) await this.launch();
  }
}

/** processes whose end the harness has asked for */
const expected = new WeakSet<AppProcess>();
