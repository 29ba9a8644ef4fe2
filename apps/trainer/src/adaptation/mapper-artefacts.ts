import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import {
  MAPPER_MANIFEST,
  openMapperArtefact,
  parseMapperManifest,
  writeMapperArtefact,
  type BaseReference,
  type MapperArtefact,
} from '@housestyle/checkpoints';
import type { TrainedMapper } from '@housestyle/database';
import { DomainError, toDomainError, type ErrorCode, type MapperReference } from '@housestyle/domain';
import type { ObjectStore } from '@housestyle/object-store';
import type { AdaptedMapper } from '@housestyle/training';

const MAX_MANIFEST_BYTES = 1024 * 1024;
const CANDIDATE = 'candidate';
/** Until a person does something, each run fails of them. */
const UNUSABLE: readonly ErrorCode[] = [
  'mapper_not_found',
  'mapper_mismatch',
  'checksum_mismatch',
  'corrupt_checkpoint',
  'invalid_model',
];

/** An artefact by its objects in the store, which begin with its key: the manifest's and these files'. */
export interface ArtefactObjects {
  readonly sha256: string;
  readonly key: string;
  readonly files: readonly string[];
}

/** Mapper versions on their way between this machine and the artefact store, by a working folder that `close` removes. */
export class MapperArtefacts {
  private constructor(
    private readonly store: ObjectStore,
    private readonly base: BaseReference,
    private readonly folder: string,
  ) {}

  static async open(store: ObjectStore, base: BaseReference): Promise<MapperArtefacts> {
    return new MapperArtefacts(store, base, await mkdtemp(path.join(tmpdir(), 'housestyle-trainer-')));
  }

  /** @throws DomainError as `openMapperArtefact`, and what to do about it; `mapper_not_found` when the store has none */
  async pull({ key, sha256 }: MapperReference): Promise<MapperArtefact> {
    try {
      const folder = path.join(this.folder, sha256);
      await this.fetch(key, folder);
      return await openMapperArtefact(folder, { sha256, base: this.base });
    } catch (cause) {
      const { code, message } = toDomainError(cause);
      if (!UNUSABLE.includes(code)) throw cause;
      const advice = 'repair it, or promote another version or the base’s own';
      throw new DomainError(code, `the champion’s artefact ${key} cannot be used: ${message}; ${advice}`, { cause });
    }
  }

  private async fetch(key: string, folder: string): Promise<void> {
    const manifest = await this.store
      .read(`${key}/${MAPPER_MANIFEST}`, { maxBytes: MAX_MANIFEST_BYTES })
      .catch(asMissing);
    await mkdir(folder, { recursive: true });
    await writeFile(path.join(folder, MAPPER_MANIFEST), manifest);
    for (const file of filesIn(manifest)) {
      const { stream } = await this.store.get(`${key}/${file}`).catch(asMissing);
      await pipeline(stream, createWriteStream(path.join(folder, file)));
    }
  }

  /** Writes the artefact here, under the name it will have in the store. */
  async write(mapper: AdaptedMapper): Promise<ArtefactObjects & TrainedMapper> {
    const folder = path.join(this.folder, CANDIDATE);
    const sha256 = await writeMapperArtefact(folder, { ...mapper, base: this.base });
    const files = filesIn(await readFile(path.join(folder, MAPPER_MANIFEST)));
    return { sha256, key: `mappers/${sha256}`, kind: kindOf(mapper), files };
  }

  /**
   * Puts what was written into the store: the manifest last, since whoever reads it takes all else for granted. The
   * same artefact again changes nothing.
   */
  async publish({ sha256, key, kind, files }: ArtefactObjects & TrainedMapper): Promise<TrainedMapper> {
    for (const file of [...files, MAPPER_MANIFEST]) {
      await this.store.put(`${key}/${file}`, createReadStream(path.join(this.folder, CANDIDATE, file)));
    }
    return { sha256, key, kind };
  }

  async close(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Takes out of the store what is there of an artefact, the manifest first: without it there is none. */
export async function removeArtefact(store: ObjectStore, { key, files }: ArtefactObjects): Promise<void> {
  for (const file of [MAPPER_MANIFEST, ...files]) await store.delete(`${key}/${file}`);
}

const filesIn = (manifest: Buffer): string[] => Object.keys(parseMapperManifest(parseJson(manifest)).files);

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw new DomainError('invalid_model', `${MAPPER_MANIFEST} is not JSON`, { cause });
  }
}

function asMissing(cause: unknown): never {
  const { code, message } = toDomainError(cause);
  throw code === 'not_found' ? new DomainError('mapper_not_found', message, { cause }) : cause;
}

function kindOf({ tensors, config }: AdaptedMapper): TrainedMapper['kind'] {
  if (!tensors) return 'delta';
  const type = 'mapping_type' in config ? config.mapping_type : undefined;
  return type === 'transformer' || type === 'linear' ? type : 'mlp';
}
