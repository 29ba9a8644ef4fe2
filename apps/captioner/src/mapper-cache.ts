import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { MAPPER_MANIFEST, parseMapperManifest } from '@housestyle/checkpoints';
import { DomainError, toDomainError, type ErrorCode, type MapperReference } from '@housestyle/domain';
import type { ObjectStore } from '@housestyle/object-store';
import type { MapperFolders } from './mapper-folders.js';
import { Patience } from './patience.js';
import type { LocalMapper } from './worker-messages.js';

const MAX_MANIFEST_BYTES = 1024 * 1024;

/**
 * Mapper artefacts on this machine, one folder per sha256, pulled from the artefact store when first asked for. A
 * folder appears whole or not at all, and only if every byte is what the sha256 vouches for; the worker that loads it
 * verifies it once more.
 */
export class MapperCache {
  private readonly pulls = new Map<string, Promise<LocalMapper>>();

  /** @param pullTimeoutMs how long a caller waits for a pull, and a pull for its next bytes */
  constructor(
    private readonly store: ObjectStore,
    private readonly folders: MapperFolders,
    private readonly pullTimeoutMs: number,
  ) {}

  /** The mapper, if it is here already. */
  async find({ sha256 }: MapperReference): Promise<LocalMapper | undefined> {
    return (await this.folders.isThere(sha256)) ? { sha256, directory: this.folders.pathOf(sha256) } : undefined;
  }

  /**
   * The mapper, pulled if need be. A pull that takes longer than its caller waits goes on, as long as bytes come: the
   * caller's next attempt finds it done.
   * @param deadline epoch milliseconds; the wait ends then at the latest
   * @throws DomainError `mapper_not_found` when the store does not have it, `corrupt_checkpoint` when its bytes are not
   * what the reference vouches for, `store_unavailable` when it does not come in time, or what the store says
   */
  pull(reference: MapperReference, deadline = Infinity): Promise<LocalMapper> {
    const waitMs = Math.max(0, Math.min(this.pullTimeoutMs, deadline - Date.now()));
    const patience = new Patience(waitMs, () => asMapperError(tooSlow(`did not come within ${waitMs} ms`), reference));
    return patience.over(this.running(reference)).finally(() => patience.end());
  }

  /** Keeps mappers on this machine, once they are, until the returned function is called. */
  hold(references: readonly MapperReference[]): () => void {
    return this.folders.hold(references.map(({ sha256 }) => sha256));
  }

  /** One pull for all who ask; by key too: a reference with a wrong key must not fail another with the right one. */
  private running(reference: MapperReference): Promise<LocalMapper> {
    const name = `${reference.sha256} ${reference.key}`;
    const running = this.pulls.get(name);
    if (running) return running;
    const pull = this.fetch(reference).finally(() => this.pulls.delete(name));
    this.pulls.set(name, pull);
    // those who asked may have stopped waiting
    pull.catch(() => undefined);
    return pull;
  }

  private async fetch(reference: MapperReference): Promise<LocalMapper> {
    const found = await this.find(reference);
    if (found) return found;
    const { sha256 } = reference;
    const patience = new Patience(this.pullTimeoutMs, () => tooSlow('no more bytes came'));
    try {
      await this.folders.fill(sha256, (unfinished) => this.fetchInto(unfinished, reference, patience));
    } catch (error) {
      throw asMapperError(error, reference);
    } finally {
      patience.end();
    }
    return { sha256, directory: this.folders.pathOf(sha256) };
  }

  private async fetchInto(directory: string, { key, sha256 }: MapperReference, patience: Patience): Promise<void> {
    const manifest = await patience.over(
      this.store.read(`${key}/${MAPPER_MANIFEST}`, { maxBytes: MAX_MANIFEST_BYTES }),
    );
    expectSha256(MAPPER_MANIFEST, createHash('sha256').update(manifest).digest('hex'), sha256);
    await writeFile(join(directory, MAPPER_MANIFEST), manifest);
    const { files } = parseMapperManifest(JSON.parse(manifest.toString('utf8')));
    for (const [file, expected] of Object.entries(files)) {
      expectSha256(file, await this.fetchFile(`${key}/${file}`, join(directory, file), patience), expected);
    }
  }

  /** Streams an object to a file. @returns its sha256 */
  private async fetchFile(key: string, file: string, patience: Patience): Promise<string> {
    await mkdir(dirname(file), { recursive: true });
    const opening = this.store.get(key);
    // one that opens when nobody waits any more
    void opening.then(({ stream }) => patience.signal.aborted && stream.destroy()).catch(() => undefined);
    const { stream } = await patience.over(opening);
    const hash = createHash('sha256');
    const tap = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        patience.renew();
        hash.update(chunk);
        done(undefined, chunk);
      },
    });
    await patience.over(pipeline(stream, tap, createWriteStream(file), { signal: patience.signal }));
    return hash.digest('hex');
  }
}

function expectSha256(file: string, found: string, expected: string): void {
  if (found === expected) return;
  throw new DomainError('corrupt_checkpoint', `${file} has sha256 ${found}, not ${expected}`);
}

/** What a store says, said of a mapper. One that forbids us to read is an operator's to mend, like one that is away. */
const MAPPER_CODES: Partial<Record<ErrorCode, ErrorCode>> = {
  not_found: 'mapper_not_found',
  forbidden: 'store_unavailable',
};

const tooSlow = (what: string): DomainError => new DomainError('store_unavailable', what);

function asMapperError(thrown: unknown, { id, key }: MapperReference): DomainError {
  const error = toDomainError(thrown);
  const code = MAPPER_CODES[error.code] ?? error.code;
  return new DomainError(code, `mapper ${id} at ${key}: ${error.message}`, { cause: thrown });
}
