import { createHash, randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { access, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { MAPPER_MANIFEST, parseMapperManifest } from '@housestyle/checkpoints';
import { DomainError, toDomainError, type MapperReference } from '@housestyle/domain';
import type { ObjectStore } from '@housestyle/object-store';
import type { LocalMapper } from './worker-messages.js';

const MAX_MANIFEST_BYTES = 1024 * 1024;

/**
 * Mapper artefacts on this machine, one folder per sha256, pulled from the artefact store when first asked for. A
 * folder appears whole or not at all, and only if every byte is what the sha256 vouches for; the worker that loads it
 * verifies it once more.
 */
export class MapperCache {
  private readonly root: string;
  private readonly pulls = new Map<string, Promise<LocalMapper>>();

  constructor(
    private readonly store: ObjectStore,
    directory: string,
  ) {
    this.root = resolve(directory);
  }

  /**
   * @throws DomainError `mapper_not_found` when the store does not have it, `corrupt_checkpoint` when its bytes are not
   * what the reference vouches for, or what the store says (`store_unavailable`, `forbidden`)
   */
  async pull(reference: MapperReference): Promise<LocalMapper> {
    const { sha256 } = reference;
    const directory = join(this.root, sha256);
    if (await exists(directory)) return { sha256, directory };
    // by key too: a reference with a wrong key must not fail another with the right one
    const name = `${sha256} ${reference.key}`;
    const running = this.pulls.get(name);
    if (running) return running;
    const pull = this.fetch(reference, directory).finally(() => this.pulls.delete(name));
    this.pulls.set(name, pull);
    return pull;
  }

  private async fetch(reference: MapperReference, directory: string): Promise<LocalMapper> {
    const unfinished = join(this.root, `${reference.sha256}.${randomUUID()}.part`);
    try {
      await mkdir(unfinished, { recursive: true });
      await this.fetchInto(unfinished, reference);
      await rename(unfinished, directory);
    } catch (error) {
      await rm(unfinished, { recursive: true, force: true });
      // another process with the same cache folder was faster
      if (!(await exists(directory))) throw asMapperError(error, reference);
    }
    return { sha256: reference.sha256, directory };
  }

  private async fetchInto(directory: string, { key, sha256 }: MapperReference): Promise<void> {
    const manifest = await this.store.read(`${key}/${MAPPER_MANIFEST}`, { maxBytes: MAX_MANIFEST_BYTES });
    expectSha256(MAPPER_MANIFEST, createHash('sha256').update(manifest).digest('hex'), sha256);
    await writeFile(join(directory, MAPPER_MANIFEST), manifest);
    const { files } = parseMapperManifest(JSON.parse(manifest.toString('utf8')));
    for (const [file, expected] of Object.entries(files)) {
      expectSha256(file, await this.fetchFile(`${key}/${file}`, join(directory, file)), expected);
    }
  }

  /** Streams an object to a file. @returns its sha256 */
  private async fetchFile(key: string, file: string): Promise<string> {
    await mkdir(dirname(file), { recursive: true });
    const { stream } = await this.store.get(key);
    const hash = createHash('sha256');
    const tap = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        hash.update(chunk);
        done(undefined, chunk);
      },
    });
    await pipeline(stream, tap, createWriteStream(file));
    return hash.digest('hex');
  }
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

function expectSha256(file: string, found: string, expected: string): void {
  if (found === expected) return;
  throw new DomainError('corrupt_checkpoint', `${file} has sha256 ${found}, not ${expected}`);
}

function asMapperError(thrown: unknown, { id, key }: MapperReference): DomainError {
  const error = toDomainError(thrown);
  const code = error.code === 'not_found' ? 'mapper_not_found' : error.code;
  return new DomainError(code, `mapper ${id} at ${key}: ${error.message}`, { cause: thrown });
}
