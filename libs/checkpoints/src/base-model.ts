import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { DomainError } from '@housestyle/domain';
import { ConfigFields, type BaseModelFiles } from '@housestyle/clipcap';
import { hashFiles, parseFileHashes, verifyFileHashes, type FileHashes } from './file-hashes.js';
import { Gpt2Weights } from './gpt2-weights.js';
import { ModelFolder, parseJson, sha256Of } from './model-folder.js';
import { readMapperFiles } from './mapper-files.js';

/** What a base model says of itself, its identity included. */
export interface BaseModelDescription {
  readonly name: string;
  readonly version: string;
  /** lower-case hex: of housestyle.json, which lists every file's; without one, of the same list made on the spot. */
  readonly sha256: string;
  readonly files: FileHashes;
  readonly generation?: unknown;
  readonly provenance?: string;
  readonly licence?: string;
  /** the folder beside it, of the base whose CLIP is its own too. */
  readonly clipOf?: string;
}

/**
 * Reads what identifies the base in `folder` and verifies every file that its housestyle.json lists: a second per
 * gigabyte, so once per process, not once per thread.
 * @throws DomainError `model_not_found`, `invalid_model`, or `checksum_mismatch`
 */
export async function describeBaseModel(folder: string): Promise<BaseModelDescription> {
  if (!(await isFolder(folder))) throw new DomainError('model_not_found', `no base model in ${folder}`);
  const files = new ModelFolder(folder);
  const manifest = await files.bytesIfAny(BASE_MANIFEST);
  if (!manifest) {
    await expectConvertedClip(folder);
    const hashes = await hashFiles(files, REQUIRED_FILES);
    const list = Object.entries(hashes).map(([file, hash]) => `${hash}  ${file}\n`);
    return { name: path.basename(path.resolve(folder)), version: '0', sha256: sha256Of(list.join('')), files: hashes };
  }
  const fields = new ConfigFields(BASE_MANIFEST, parseJson(BASE_MANIFEST, manifest));
  const hashes = parseFileHashes(fields.object('files'));
  const unlisted = REQUIRED_FILES.find((file) => !Object.hasOwn(hashes, file));
  if (unlisted) throw new DomainError('invalid_model', `${BASE_MANIFEST}: files has no sha256 of ${unlisted}`);
  const clipOf = fields.has('clip_of') ? parseNeighbour(fields) : undefined;
  await verifyFileHashes(folderOf(folder, clipOf), hashes);
  return {
    name: fields.string('name'),
    version: fields.string('version'),
    sha256: sha256Of(manifest),
    files: hashes,
    ...(fields.has('generation') ? { generation: Object.fromEntries(fields.object('generation').entries()) } : {}),
    ...(fields.has('provenance') ? { provenance: fields.string('provenance') } : {}),
    ...(fields.has('licence') ? { licence: fields.string('licence') } : {}),
    ...(clipOf === undefined ? {} : { clipOf }),
  };
}

/**
 * Opens the base in `folder`: configurations and tokenizers are read, weights are left in their files. With a
 * `description` made before, nothing is hashed again.
 * @throws DomainError `model_not_found`, `invalid_model`, `corrupt_checkpoint` or `checksum_mismatch`
 */
export async function openBaseModel(folder: string, description?: BaseModelDescription): Promise<BaseModelFiles> {
  const { name, version, sha256, generation, clipOf } = description ?? (await describeBaseModel(folder));
  const files = folderOf(folder, clipOf);
  return {
    name,
    version,
    sha256,
    clip: {
      config: await files.json('clip/config.json'),
      preprocessor: await files.json('clip/preprocessor_config.json'),
      weights: files.weights('clip/model.safetensors'),
      tokenizer: await files.tokenizer('clip'),
    },
    gpt2: {
      config: await files.json('gpt2/config.json'),
      weights: new Gpt2Weights(files.weights('gpt2/model.safetensors')),
      tokenizer: await files.tokenizer('gpt2'),
    },
    mapper: await readMapperFiles(path.join(folder, 'mapper'), 'mapper/'),
    ...(await calibrationIn(files, sha256)),
    ...(generation === undefined ? {} : { generation }),
  };
}

/** The files of the base in `folder`, those of a neighbour's CLIP included; nothing is verified. */
export async function filesOfBase(folder: string): Promise<ModelFolder> {
  const manifest = await new ModelFolder(folder).bytesIfAny(BASE_MANIFEST);
  const fields = manifest && new ConfigFields(BASE_MANIFEST, parseJson(BASE_MANIFEST, manifest));
  return folderOf(folder, fields?.has('clip_of') ? parseNeighbour(fields) : undefined);
}

function folderOf(folder: string, clipOf: string | undefined): ModelFolder {
  const neighbour = clipOf === undefined ? undefined : path.join(path.dirname(path.resolve(folder)), clipOf);
  return new ModelFolder(folder, neighbour);
}

function parseNeighbour(fields: ConfigFields): string {
  const name = fields.string('clip_of');
  if (NEIGHBOUR.test(name)) return name;
  throw new DomainError('invalid_model', `${fields.label}: clip_of is the name of a folder beside it, not ${name}`);
}

/** One plain segment of a path. */
const NEIGHBOUR = /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/;

/** @throws DomainError `invalid_model` where OpenAI's own file lies in the place of what is to be made of it. */
async function expectConvertedClip(folder: string): Promise<void> {
  const names = await readdir(path.join(folder, 'clip')).catch((): string[] => []);
  const original = names.find((name) => name.endsWith('.pt'));
  if (original === undefined || names.includes('model.safetensors')) return;
  const how = 'make the folder of it with `housestyle import clip`, whose --help has OpenAI’s own archives too';
  throw new DomainError('invalid_model', `clip/model.safetensors is missing, and clip/${original} is not read: ${how}`);
}

/** What goes into the layers of this very base, measured: no part of what identifies it. Another base's counts as none. */
async function calibrationIn(files: ModelFolder, sha256: string): Promise<Pick<BaseModelFiles, 'calibration'>> {
  if ((await files.present([BASE_CALIBRATION])).length === 0) return {};
  const calibration = files.weights(BASE_CALIBRATION);
  return calibration.metadata['base'] === sha256 ? { calibration } : {};
}

/** Beside the base's own files; its metadata name the base's sha256 as `base`. */
export const BASE_CALIBRATION = 'calibration.safetensors';

/** Lists the files of a base model. */
export const BASE_MANIFEST = 'housestyle.json';

const REQUIRED_FILES = [
  'clip/config.json',
  'clip/merges.txt',
  'clip/model.safetensors',
  'clip/preprocessor_config.json',
  'clip/vocab.json',
  'gpt2/config.json',
  'gpt2/merges.txt',
  'gpt2/model.safetensors',
  'gpt2/vocab.json',
  'mapper/config.json',
  'mapper/model.safetensors',
];

async function isFolder(folder: string): Promise<boolean> {
  return stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
