import { DomainError } from '@housestyle/domain';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from './free-port.js';
import type { PostgresProcessOptions } from './postgres.process.js';

const PROCESS_FILE = join(dirname(fileURLToPath(import.meta.url)), 'postgres.process.js');

/** PostgreSQL 18 from the npm package, its data in a folder of ours, on a free port of the loopback address. */
export class EmbeddedPostgresService {
  private process?: ChildProcess;

  constructor(private readonly directory: string) {}

  /** Starts the server, creating the cluster the first time. @returns the administrator's URL. */
  async start(): Promise<string> {
    await mkdir(this.directory, { recursive: true });
    const options: PostgresProcessOptions = {
      directory: join(this.directory, 'postgres'),
      port: await freePort(),
      password: await this.password(),
    };
    const [command, args] = commandLine();
    this.process = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], detached: true });
    this.process.send(options);
    await this.ready(this.process);
    return `postgres://housestyle_admin:${options.password}@127.0.0.1:${options.port}/postgres`;
  }

  async stop(): Promise<void> {
    const child = this.process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    await new Promise<void>((resolve) => {
      child.once('exit', () => resolve());
      child.kill('SIGTERM');
    });
  }

  private ready(child: ChildProcess): Promise<void> {
    return new Promise((resolve, reject) => {
      child.once('message', () => resolve());
      child.once('error', reject);
      child.once('exit', () =>
        reject(
          new DomainError(
            'internal',
            `the embedded PostgreSQL in ${this.directory} did not start (see above); ` +
              'is another housestyle running on the same HOUSESTYLE_DATA? Or set DATABASE_URL to a server of your own',
          ),
        ),
      );
    });
  }

  /** Made once, readable by the owner only. */
  private async password(): Promise<string> {
    const file = join(this.directory, 'postgres-password');
    if (existsSync(file)) return (await readFile(file, 'utf8')).trim();
    const password = randomBytes(16).toString('hex');
    await writeFile(file, password, { mode: 0o600 });
    await chmod(file, 0o600);
    return password;
  }
}

/**
 * PostgreSQL refuses to run as root, and another user could not reach a checkout under /root. In a user namespace of
 * its own, root's files stay root's while the process has an ordinary id (nobody's: initdb wants one that has a name); where namespaces are forbidden, the package
 * creates a `postgres` user instead.
 */
function commandLine(): [command: string, args: string[]] {
  const namespace = ['--user', '--map-user=65534', '--map-group=65534'];
  const isRoot = process.getuid?.() === 0;
  if (isRoot && spawnSync('unshare', [...namespace, 'true']).status === 0) {
    return ['unshare', [...namespace, process.execPath, PROCESS_FILE]];
  }
  return [process.execPath, [PROCESS_FILE]];
}
