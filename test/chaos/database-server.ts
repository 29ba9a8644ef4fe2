import type { ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedPostgresService } from '../../apps/standalone/dist/embedded-postgres.service.js';
import { waitFor } from '../support/wait-for.js';
import { PATIENCE_MS } from './patience.js';

/** PostgreSQL as a process of its own that may be killed. It comes back on another port, with the same data. */
export class DatabaseServer {
  private constructor(
    private readonly directory: string,
    private service: EmbeddedPostgresService,
    private url: string,
  ) {}

  static async start(): Promise<DatabaseServer> {
    const directory = await mkdtemp(join(tmpdir(), 'housestyle-chaos-postgres-'));
    const service = new EmbeddedPostgresService(directory);
    return new DatabaseServer(directory, service, await service.start());
  }

  /** the administrator's, on the present port */
  get adminUrl(): string {
    return this.url;
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  /** SIGKILL to the server; its children end when they notice. */
  async kill(): Promise<void> {
    const [pid] = (await readFile(join(this.directory, 'postgres', 'postmaster.pid'), 'utf8')).split('\n');
    // the process that watches over it would wait for an end that it cannot see any more
    const { process: keeper } = this.service as unknown as { process?: ChildProcess };
    keeper?.kill('SIGKILL');
    process.kill(Number(pid), 'SIGKILL');
    await waitFor('the database server to be gone', () => !isAlive(Number(pid)));
  }

  /** Until the last of its children is gone, a new server refuses the data. */
  async restart(): Promise<void> {
    this.service = new EmbeddedPostgresService(this.directory);
    this.url = await waitFor('the database server', () => this.service.start(), {
      timeoutMs: PATIENCE_MS,
      everyMs: 500,
    });
  }

  async stop(): Promise<void> {
    await this.service.stop();
    await rm(this.directory, { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
