import { rm } from 'node:fs/promises';
import { openMapperArtefact, type BaseReference } from '@housestyle/checkpoints';
import type { CaptionEngine, MapperHandle } from '@housestyle/clipcap';
import { DomainError } from '@housestyle/domain';
import { LRUCache } from 'lru-cache';
import type { LocalMapper } from './worker-messages.js';

export interface MapperLimits {
  readonly maxEntries: number;
  /** of weights and deltas, as they lie in memory. */
  readonly maxBytes: number;
}

interface Lent {
  readonly loading: Promise<MapperHandle>;
  /** items that it is used for now. */
  uses: number;
}

/** The mappers that one engine holds loaded, the longest unused given up first; verified as they are loaded. */
export class LoadedMappers {
  private readonly kept: LRUCache<string, MapperHandle>;
  private readonly lent = new Map<string, Lent>();

  constructor(
    private readonly engine: CaptionEngine,
    private readonly base: BaseReference,
    { maxEntries, maxBytes }: MapperLimits,
  ) {
    this.kept = new LRUCache({
      max: maxEntries,
      maxSize: maxBytes,
      dispose: (handle, sha256) => {
        if (!this.lent.has(sha256)) void this.engine.releaseMapper(handle);
      },
    });
  }

  /**
   * What `use` makes of a mapper, which stays for as long, however many others are loaded meanwhile.
   * @throws DomainError `mapper_mismatch`, `invalid_model`, `corrupt_checkpoint`; `internal` when the local copy was damaged
   */
  async with<T>({ sha256, directory }: LocalMapper, use: (handle: MapperHandle) => Promise<T>): Promise<T> {
    const lent = this.lent.get(sha256) ?? { loading: this.find(sha256, directory), uses: 0 };
    this.lent.set(sha256, lent);
    lent.uses++;
    try {
      return await use(await lent.loading);
    } finally {
      if (--lent.uses === 0) await this.takeBack(sha256, lent);
    }
  }

  /** There was no more room for it, or none at all: then it goes. */
  private async takeBack(sha256: string, { loading }: Lent): Promise<void> {
    this.lent.delete(sha256);
    const handle = await loading.catch(() => undefined);
    if (handle && this.kept.peek(sha256) !== handle) await this.engine.releaseMapper(handle);
  }

  private async find(sha256: string, directory: string): Promise<MapperHandle> {
    return this.kept.get(sha256) ?? this.load(sha256, directory);
  }

  private async load(sha256: string, directory: string): Promise<MapperHandle> {
    const files = await this.open(directory, sha256);
    const handle = await this.engine.loadMapper(files, sha256);
    // one that is larger than all the room there is is not kept
    this.kept.set(sha256, handle, { size: Math.max(1, handle.bytes) });
    return handle;
  }

  private async open(directory: string, sha256: string) {
    try {
      return await openMapperArtefact(directory, { sha256, base: this.base });
    } catch (error) {
      if (!(error instanceof DomainError) || error.code !== 'checksum_mismatch') throw error;
      // it was whole when it was pulled, so only this copy is damaged: the next attempt pulls another
      await rm(directory, { recursive: true, force: true });
      throw new DomainError('internal', `the local copy of a mapper was damaged: ${error.message}`, { cause: error });
    }
  }
}
