import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { DomainError } from '@housestyle/domain';
import { ConfigFields, type MapperVersionFiles } from '@housestyle/clipcap';
import type { Tensor } from '@housestyle/graph';
import { hashFiles, parseFileHashes, SHA256, verifyFileHashes, type FileHashes } from './file-hashes.js';
import {
  DECODER_DELTA,
  MAPPER_CONFIG,
  MAPPER_DELTA,
  MAPPER_WEIGHTS,
  readMapperVersionFiles,
  requireWeightFiles,
  WEIGHT_FILES,
} from './mapper-files.js';
import { ModelFolder, parseJson, sha256Of } from './model-folder.js';
import { encodeSafetensors, type WritableType } from './safetensors-writer.js';

/**
 * A mapper artefact is a mapper directory with a manifest.json that lists every other file's sha256 and the base it was
 * made for; the artefact's own sha256 is that of the manifest's bytes, so one hash vouches for everything inside.
 * What the base must look like for its deltas to fit is the engine's to check.
 */
export interface MapperManifest {
  readonly files: FileHashes;
  readonly base: BaseReference;
}

export interface BaseReference {
  readonly name: string;
  /** lower-case hex. */
  readonly sha256: string;
}

export interface MapperArtefact extends MapperVersionFiles {
  readonly sha256: string;
  readonly manifest: MapperManifest;
}

export const MAPPER_MANIFEST = 'manifest.json';

/**
 * Opens and verifies the artefact in `folder`, file by file.
 * @throws DomainError `mapper_not_found`; `checksum_mismatch` when any byte is not what `sha256` vouches for;
 * `corrupt_checkpoint` for weights cut short; `mapper_mismatch` when it was made for another base; `invalid_model`.
 */
export async function openMapperArtefact(
  folder: string,
  expected: { readonly sha256: string; readonly base: BaseReference },
): Promise<MapperArtefact> {
  const mapper = await readMapperVersionFiles(folder);
  const files = new ModelFolder(folder);
  const bytes = await files.bytes(MAPPER_MANIFEST);
  const sha256 = sha256Of(bytes);
  if (sha256 !== expected.sha256) {
    throw new DomainError(
      'checksum_mismatch',
      `${MAPPER_MANIFEST} in ${folder} has sha256 ${sha256}, not ${expected.sha256}`,
    );
  }
  const manifest = parseMapperManifest(parseJson(MAPPER_MANIFEST, bytes));
  for (const file of await files.present([MAPPER_CONFIG, ...WEIGHT_FILES])) requireListed(manifest.files, file);
  await verifyFileHashes(files, manifest.files);
  if (manifest.base.sha256 !== expected.base.sha256) {
    const [made, given] = [manifest.base, expected.base].map((base) => `${base.name} (${base.sha256.slice(0, 12)})`);
    throw new DomainError('mapper_mismatch', `the mapper in ${folder} was made for ${made}, not for ${given}`);
  }
  return { ...mapper, sha256, manifest };
}

/**
 * A mapper directory from outside the store. With a manifest it is verified by that; a delta without one is refused,
 * since nothing says which base it belongs to.
 * @throws DomainError as `openMapperArtefact`
 */
export async function openMapperDirectory(folder: string, base: BaseReference): Promise<MapperVersionFiles> {
  const manifest = await new ModelFolder(folder).bytesIfAny(MAPPER_MANIFEST);
  if (manifest) return openMapperArtefact(folder, { sha256: sha256Of(manifest), base });
  const mapper = await readMapperVersionFiles(folder);
  if (!mapper.mapperDelta && !mapper.decoderDelta) return mapper;
  throw new DomainError('invalid_model', `${folder}: deltas, but no ${MAPPER_MANIFEST} that says of which base`);
}

/** What becomes a mapper artefact: `tensors` or `mapperDelta`, `decoderDelta`, or one of the first two and that. */
export interface NewMapperArtefact {
  /** config.json, the `generation` block with its `stop` included; a delta repeats its base's mapper here. */
  readonly config: object;
  /** of a network of its own. */
  readonly tensors?: ReadonlyMap<string, Tensor<'float32'>>;
  /** `<linear layer>.A` [in, r] and `.B` [r, out]; half precision is half the file and no less in memory. */
  readonly mapperDelta?: DeltaTensors;
  readonly decoderDelta?: DeltaTensors;
  readonly base: BaseReference;
}

export type DeltaTensors = ReadonlyMap<string, Tensor<'float32' | 'float16'>>;

/**
 * Writes a new artefact: all of it or nothing.
 * @returns the artefact's sha256
 * @throws DomainError `conflict` when `folder` exists, `invalid_model` for weights that make no mapper version.
 */
export async function writeMapperArtefact(folder: string, mapper: NewMapperArtefact): Promise<string> {
  const weights = weightFilesOf(mapper);
  requireWeightFiles([...weights.keys()], folder);
  const unfinished = `${path.resolve(folder)}.${randomUUID()}.part`;
  await mkdir(unfinished, { recursive: true });
  try {
    await writeFile(path.join(unfinished, MAPPER_CONFIG), `${JSON.stringify(mapper.config, undefined, 1)}\n`);
    for (const [file, tensors] of weights) await writeFile(path.join(unfinished, file), encodeSafetensors(tensors));
    const files = await hashFiles(new ModelFolder(unfinished), [MAPPER_CONFIG, ...weights.keys()]);
    const { name, sha256 } = mapper.base;
    const manifest = Buffer.from(`${JSON.stringify({ files, base: { name, sha256 } }, undefined, 1)}\n`);
    await writeFile(path.join(unfinished, MAPPER_MANIFEST), manifest);
    await rename(unfinished, folder);
    return sha256Of(manifest);
  } catch (cause) {
    await rm(unfinished, { recursive: true, force: true });
    if (isOccupied(cause)) throw new DomainError('conflict', `${folder} exists already`, { cause });
    throw cause;
  }
}

/** @throws DomainError `invalid_model` */
export function parseMapperManifest(json: unknown): MapperManifest {
  const fields = new ConfigFields(MAPPER_MANIFEST, json);
  const files = parseFileHashes(fields.object('files'));
  requireListed(files, MAPPER_CONFIG);
  requireWeightFiles(Object.keys(files), MAPPER_MANIFEST);
  const base = fields.object('base');
  const sha256 = base.string('sha256');
  if (!SHA256.test(sha256)) throw new DomainError('invalid_model', `${MAPPER_MANIFEST}: base has no valid sha256`);
  return { files, base: { name: base.string('name'), sha256 } };
}

function requireListed(files: FileHashes, file: string): void {
  if (!Object.hasOwn(files, file)) throw new DomainError('invalid_model', `${MAPPER_MANIFEST}: ${file} is not listed`);
}

function weightFilesOf(mapper: NewMapperArtefact): ReadonlyMap<string, ReadonlyMap<string, Tensor<WritableType>>> {
  const files = new Map<string, ReadonlyMap<string, Tensor<WritableType>>>();
  if (mapper.tensors) files.set(MAPPER_WEIGHTS, mapper.tensors);
  if (mapper.mapperDelta) files.set(MAPPER_DELTA, mapper.mapperDelta);
  if (mapper.decoderDelta) files.set(DECODER_DELTA, mapper.decoderDelta);
  return files;
}

const isOccupied = (cause: unknown): boolean =>
  cause instanceof Error && 'code' in cause && ['EEXIST', 'ENOTEMPTY', 'ENOTDIR'].includes(String(cause.code));
