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

/** The mappers that one engine holds loaded, the longest unused given up first; verified as they are loaded. */
export class LoadedMappers {
  private readonly kept: LRUCache<string, MapperHandle>;
  private readonly usedByBatch = new Map<string, MapperHandle>();
  private readonly retired = new Set<MapperHandle>();

  constructor(
    private readonly engine: CaptionEngine,
    private readonly base: BaseReference,
    { maxEntries, maxBytes }: MapperLimits,
  ) {
    this.kept = new LRUCache({ max: maxEntries, maxSize: maxBytes, dispose: (handle) => this.retired.add(handle) });
  }

  /**
   * Good until the next `endBatch`, however many others are loaded meanwhile.
   * @throws DomainError `mapper_mismatch`, `invalid_model`, `corrupt_checkpoint`; `internal` when the local copy was damaged
   */
  async get({ sha256, directory }: LocalMapper): Promise<MapperHandle> {
    const loaded = this.usedByBatch.get(sha256) ?? this.kept.get(sha256) ?? (await this.load(sha256, directory));
    this.usedByBatch.set(sha256, loaded);
    return loaded;
  }

  /** Frees the mappers that there is no more room for. */
  async endBatch(): Promise<void> {
    this.usedByBatch.clear();
    const retired = [...this.retired];
    this.retired.clear();
    await Promise.all(retired.map((handle) => this.engine.releaseMapper(handle)));
  }

  private async load(sha256: string, directory: string): Promise<MapperHandle> {
    const files = await this.open(directory, sha256);
    const handle = await this.engine.loadMapper(files, sha256);
    this.kept.set(sha256, handle, { size: Math.max(1, handle.bytes) });
    // larger than all the room there is: good for this batch only
    if (!this.kept.has(sha256)) this.retired.add(handle);
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
