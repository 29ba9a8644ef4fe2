import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { waitFor } from './wait-for.js';

export interface AppProcess {
  readonly process: ChildProcess;
  /** everything written to stdout and stderr so far */
  output(): string;
  /** resolves with the exit code, or the signal's name */
  readonly exited: Promise<number | string>;
  /** SIGTERM (or `signal`), then the exit */
  stop(signal?: NodeJS.Signals): Promise<number | string>;
}

export interface AppProcessOptions {
  readonly environment: Readonly<Record<string, string>>;
  /** GET answers 2xx once the app can work */
  readonly readyUrl?: string;
  readonly timeoutMs?: number;
  /** another main than the app's own */
  readonly main?: string;
}

/** Runs `apps/<app>/dist/main.js` as its users do, and waits until it can work. */
export async function startApp(
  app: string,
  { environment, readyUrl, timeoutMs, main = `apps/${app}/dist/main.js` }: AppProcessOptions,
): Promise<AppProcess> {
  const child = spawn(process.execPath, [main], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, LOG_LEVEL: 'warn', ...environment },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString('utf8');
    });
  }
  const exited = once(child, 'exit').then(([code, signal]) => (signal ?? code) as number | string);
  const running: AppProcess = {
    process: child,
    output: () => output,
    exited,
    stop: (signal = 'SIGTERM') => {
      child.kill(signal);
      return exited;
    },
  };
  if (readyUrl !== undefined) await untilReady(app, running, readyUrl, timeoutMs ?? 60_000);
  return running;
}

async function untilReady(app: string, running: AppProcess, readyUrl: string, timeoutMs: number): Promise<void> {
  try {
    await waitFor(
      `${app} to be ready`,
      async () => {
        if (running.process.exitCode !== null) return 'exited';
        return (await fetch(readyUrl)).ok && 'ready';
      },
      { timeoutMs },
    );
    if (running.process.exitCode !== null) throw new Error(`${app} exited with ${running.process.exitCode}`);
  } catch (error) {
    running.process.kill('SIGKILL');
    throw new Error(`${app} did not become ready:\n${running.output()}`, { cause: error });
  }
}
