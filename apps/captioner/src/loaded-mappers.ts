import { rm } from 'node:fs/promises';
import { openMapperArtefact, type BaseReference } from '@housestyle/checkpoints';
import type { CaptionEngine, MapperHandle, MapperVersionFiles } from '@housestyle/clipcap';
import { DomainError } from '@housestyle/domain';
import type { SharedMemory } from '@housestyle/runtime';
import { LRUCache } from 'lru-cache';
import { shareDeltas, sharedVersion } from './shared-deltas.js';
import type { LocalMapper } from './worker-messages.js';

export interface MapperLimits {
  readonly maxEntries: number;
  /** of weights and deltas, as they lie in memory. */
  readonly maxBytes: number;
}

interface Lent {
  readonly loading: Promise<MapperHandle>;
  /** once it is loaded. */
  handle?: MapperHandle;
  /** items that it is used for now. */
  uses: number;
}

/**
 * The mappers that one engine holds loaded, the longest unused given up first; verified as they are loaded. Their deltas
 * lie in memory once for all threads that hold them.
 */
export class LoadedMappers {
  private readonly kept: LRUCache<string, MapperHandle>;
  private readonly lent = new Map<string, Lent>();

  constructor(
    private readonly engine: CaptionEngine,
    private readonly base: BaseReference,
    private readonly shared: SharedMemory,
    { maxEntries, maxBytes }: MapperLimits,
  ) {
    this.kept = new LRUCache({
      max: maxEntries,
      maxSize: maxBytes,
      dispose: (handle, sha256) => {
        if (!this.lent.has(sha256)) this.release(sha256, handle);
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
      lent.handle = await lent.loading;
      return await use(lent.handle);
    } finally {
      if (--lent.uses === 0) this.takeBack(sha256, lent);
    }
  }

  /** There was no more room for it, or none at all: then it goes. */
  private takeBack(sha256: string, { handle }: Lent): void {
    this.lent.delete(sha256);
    if (handle && this.kept.peek(sha256) !== handle) this.release(sha256, handle);
  }

  private release(sha256: string, handle: MapperHandle): void {
    this.shared.leave(sha256);
    void this.engine.releaseMapper(handle);
  }

  private async find(sha256: string, directory: string): Promise<MapperHandle> {
    return this.kept.get(sha256) ?? this.load(sha256, directory);
  }

  private async load(sha256: string, directory: string): Promise<MapperHandle> {
    let opened: MapperVersionFiles | undefined;
    const open = async () => (opened = await this.open(directory, sha256));
    const block = await this.shared.get(sha256, async (take) => shareDeltas(await open(), take));
    try {
      const weights = block.layout.hasNetwork ? (opened ?? (await open())).weights : undefined;
      const handle = await this.engine.loadMapper(sharedVersion(block, weights), sha256);
      // one that is larger than all the room there is is not kept
      this.kept.set(sha256, handle, { size: Math.max(1, handle.bytes) });
      return handle;
    } catch (error) {
      this.shared.leave(sha256);
      throw error;
    }
  }

  private async open(directory: string, sha256: string) {
    try {
      return await openMapperArtefact(directory, { sha256, base: this.base });
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      // it was whole when it was pulled, so only this copy is damaged, or gone since: the next attempt pulls another
      if (error.code === 'checksum_mismatch') await rm(directory, { recursive: true, force: true });
      else if (error.code !== 'mapper_not_found') throw error;
      throw new DomainError('internal', `the local copy of a mapper was damaged: ${error.message}`, { cause: error });
    }
  }
}
