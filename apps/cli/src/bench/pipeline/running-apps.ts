import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { DomainError } from '@housestyle/domain';
import { childEnvironment, type Environment } from '@housestyle/settings';
import type { HeldUp } from './loop-probe.js';

/** Cores by their numbers; undefined: all. */
export type Cores = readonly number[] | undefined;

export interface RunningApp {
  readonly pid: number;
  readonly metricsUrl: string;
  /** Its event loop since it was last asked; undefined where the system does not tell. */
  heldUp(): Promise<HeldUp | undefined>;
}

/** The installation's other programs, started by this one and gone with it. */
export class RunningApps {
  private readonly children: ChildProcess[] = [];
  private readonly killAll = (): void => this.children.forEach((child) => child.kill('SIGKILL'));

  private readonly end = (signal: NodeJS.Signals): void => process.exit(128 + constants.signals[signal]);

  constructor() {
    process.once('exit', this.killAll);
    for (const signal of SIGNALS) process.once(signal, this.end);
  }

  /** @returns the administrator's URL of an empty PostgreSQL whose data lie in `directory`, and its process */
  async startPostgres(directory: string, cores?: Cores): Promise<{ readonly url: string; readonly pid: number }> {
    const [command, ...args] = onCores(cores, [fileOf('standalone/dist/database.main.js'), directory]);
    const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.children.push(child);
    const failed = once(child, 'exit').then(() => {
      throw new DomainError('internal', 'the embedded PostgreSQL did not start; see above');
    });
    const [url] = (await Promise.race([once(child, 'message'), failed])) as [string];
    return { url, pid: child.pid! };
  }

  /** Starts an app, its event loop watched, and waits until it can work. */
  async start(app: string, environment: Environment, cores?: Cores): Promise<RunningApp> {
    const probe = existsSync('/proc/thread-self/schedstat') ? ['--import', LOOP_PROBE] : [];
    const port = await freePort();
    const [command, ...args] = onCores(cores, [...probe, fileOf(`${app}/dist/main.js`)]);
    const child = spawn(command, args, {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      env: childEnvironment({ LOG_LEVEL: 'error', METRICS_PORT: String(port), ...environment }),
    });
    this.children.push(child);
    const url = `http://127.0.0.1:${port}`;
    const deadline = Date.now() + START_TIMEOUT_MS;
    while (!(await isReady(url))) {
      if (child.exitCode !== null || Date.now() > deadline) {
        throw new DomainError('internal', `${app} did not start; was the project built?`);
      }
      await delay(POLL_MS);
    }
    const heldUp = async (): Promise<HeldUp | undefined> => {
      if (probe.length === 0) return undefined;
      const answer = Promise.race([once(child, 'message'), once(child, 'exit').then(() => [undefined])]);
      child.send('worst');
      return ((await answer) as [HeldUp | undefined])[0];
    };
    return { pid: child.pid!, metricsUrl: `${url}/metrics`, heldUp };
  }

  /** Those started last first. */
  async stop(): Promise<void> {
    for (const child of this.children.reverse()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
    process.removeListener('exit', this.killAll);
    for (const signal of SIGNALS) process.removeListener(signal, this.end);
  }
}

/** Without a listener they end the process at once, and its children stay. */
const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
const LOOP_PROBE = new URL('./loop-probe.js', import.meta.url).href;
const [START_TIMEOUT_MS, POLL_MS] = [120_000, 50] as const;

/** What runs Node so; util-linux's taskset replaces itself with it, so that the process stays the same. */
const onCores = (cores: Cores, args: readonly string[]): [string, ...string[]] =>
  cores ? ['taskset', '-c', cores.join(), process.execPath, ...args] : [process.execPath, ...args];

const fileOf = (path: string): string => fileURLToPath(new URL(`../../../../${path}`, import.meta.url));

async function isReady(url: string): Promise<boolean> {
  return fetch(`${url}/readyz`).then(
    ({ ok }) => ok,
    () => false,
  );
}

/** A loopback port nobody listened on a moment ago. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
