import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('../../apps/cli/bin/housestyle.js', import.meta.url));

/** What a command did. */
export interface CommandOutcome {
  /** null when a signal ended it */
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** stdout of `--json` */
  readonly jsonLines: <Line>() => Line[];
}

export interface RunningCommand {
  readonly process: ChildProcess;
  /** what it has written to stdout so far */
  output(): string;
  readonly ended: Promise<CommandOutcome>;
}

export interface CommandOptions {
  readonly cwd?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** Starts `housestyle …` as a user does. */
export function startHousestyle(args: readonly string[], { cwd, environment }: CommandOptions = {}): RunningCommand {
  const child = spawn(process.execPath, [PROGRAM, ...args], { cwd, env: { ...process.env, ...environment } });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString('utf8')));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString('utf8')));
  const ended = new Promise<CommandOutcome>((resolve) =>
    child.once('close', (exitCode) => {
      const lines = () => stdout.split('\n').filter((line) => line !== '');
      resolve({ exitCode, stdout, stderr, jsonLines: <Line>() => lines().map((line) => JSON.parse(line) as Line) });
    }),
  );
  return { process: child, output: () => stdout, ended };
}

/** Runs it to its end. */
export const housestyle = (args: readonly string[], options?: CommandOptions): Promise<CommandOutcome> =>
  startHousestyle(args, options).ended;
