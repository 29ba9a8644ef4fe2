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
import { DomainError, type MapperReference } from '@housestyle/domain';
import type { ObjectStore } from '@housestyle/object-store';
import type { AdaptedMapper } from '@housestyle/training';

const MAX_MANIFEST_BYTES = 1024 * 1024;

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

  /** @throws DomainError as `openMapperArtefact`; `mapper_not_found` when the store has none */
  async pull({ key, sha256 }: MapperReference): Promise<MapperArtefact> {
    const folder = path.join(this.folder, sha256);
    const manifest = await this.store
      .read(`${key}/${MAPPER_MANIFEST}`, { maxBytes: MAX_MANIFEST_BYTES })
      .catch((cause: unknown) => {
        throw new DomainError('mapper_not_found', `the champion’s artefact ${key} cannot be read`, { cause });
      });
    await mkdir(folder, { recursive: true });
    await writeFile(path.join(folder, MAPPER_MANIFEST), manifest);
    for (const file of Object.keys(parseMapperManifest(JSON.parse(manifest.toString('utf8'))).files)) {
      const { stream } = await this.store.get(`${key}/${file}`);
      await pipeline(stream, createWriteStream(path.join(folder, file)));
    }
    return openMapperArtefact(folder, { sha256, base: this.base });
  }

  /**
   * Writes the artefact here and puts it into the store under its sha256: the manifest last, since whoever reads it
   * takes all else for granted. The same artefact again changes nothing.
   */
  async publish(mapper: AdaptedMapper): Promise<TrainedMapper> {
    const folder = path.join(this.folder, 'candidate');
    const sha256 = await writeMapperArtefact(folder, { ...mapper, base: this.base });
    const key = `mappers/${sha256}`;
    const manifest = await readFile(path.join(folder, MAPPER_MANIFEST));
    for (const file of Object.keys(parseMapperManifest(JSON.parse(manifest.toString('utf8'))).files)) {
      await this.store.put(`${key}/${file}`, createReadStream(path.join(folder, file)));
    }
    await this.store.put(`${key}/${MAPPER_MANIFEST}`, manifest);
    return { sha256, key, kind: kindOf(mapper) };
  }

  async close(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Takes an artefact out of the store that nobody is to use, the manifest first: without it there is none. */
export async function removeArtefact(store: ObjectStore, key: string): Promise<void> {
  const manifest = await store.read(`${key}/${MAPPER_MANIFEST}`, { maxBytes: MAX_MANIFEST_BYTES });
  await store.delete(`${key}/${MAPPER_MANIFEST}`);
  for (const file of Object.keys(parseMapperManifest(JSON.parse(manifest.toString('utf8'))).files)) {
    await store.delete(`${key}/${file}`);
  }
}

function kindOf({ tensors, config }: AdaptedMapper): TrainedMapper['kind'] {
  if (!tensors) return 'delta';
  const type = 'mapping_type' in config ? config.mapping_type : undefined;
  return type === 'transformer' || type === 'linear' ? type : 'mlp';
}
