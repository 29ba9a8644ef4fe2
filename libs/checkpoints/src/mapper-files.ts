import { stat } from 'node:fs/promises';
import { DomainError } from '@housestyle/domain';
import type { MapperFiles, MapperVersionFiles } from '@housestyle/clipcap';
import { ModelFolder } from './model-folder.js';

export const MAPPER_CONFIG = 'config.json';
export const MAPPER_WEIGHTS = 'model.safetensors';
export const MAPPER_DELTA = 'mapper_delta.safetensors';
export const DECODER_DELTA = 'decoder_delta.safetensors';
/** A mapper directory holds a network or a delta of the base's, a delta of the decoder, or one of the first two and it. */
export const WEIGHT_FILES = [MAPPER_WEIGHTS, MAPPER_DELTA, DECODER_DELTA] as const;

/**
 * A plain mapper directory: config.json and model.safetensors. `labelPrefix` stands before file names in complaints.
 * @throws DomainError `mapper_not_found`, `invalid_model` or `corrupt_checkpoint`
 */
export async function readMapperFiles(folder: string, labelPrefix = ''): Promise<MapperFiles> {
  const files = await openFolder(folder);
  return {
    config: await files.json(MAPPER_CONFIG),
    weights: files.weights(MAPPER_WEIGHTS, `${labelPrefix}${MAPPER_WEIGHTS}`),
  };
}

/**
 * A mapper directory of any kind; its manifest, if any, is not looked at.
 * @throws DomainError `mapper_not_found`, `invalid_model` or `corrupt_checkpoint`
 */
export async function readMapperVersionFiles(folder: string): Promise<MapperVersionFiles> {
  const files = await openFolder(folder);
  const config = await files.json(MAPPER_CONFIG);
  const present = await files.present(WEIGHT_FILES);
  requireWeightFiles(present, folder);
  const open = (file: string) => (present.includes(file) ? files.weights(file) : undefined);
  const [weights, mapperDelta, decoderDelta] = [open(MAPPER_WEIGHTS), open(MAPPER_DELTA), open(DECODER_DELTA)];
  return {
    config,
    ...(weights && { weights }),
    ...(mapperDelta && { mapperDelta }),
    ...(decoderDelta && { decoderDelta }),
  };
}

/** @throws DomainError `invalid_model` for weights that make no mapper version. */
export function requireWeightFiles(files: readonly string[], label: string): void {
  if (!WEIGHT_FILES.some((file) => files.includes(file))) {
    throw new DomainError('invalid_model', `${label}: none of ${WEIGHT_FILES.join(', ')}`);
  }
  if (files.includes(MAPPER_WEIGHTS) && files.includes(MAPPER_DELTA)) {
    throw new DomainError('invalid_model', `${label}: both ${MAPPER_WEIGHTS} and ${MAPPER_DELTA}, one mapper too many`);
  }
}

async function openFolder(folder: string): Promise<ModelFolder> {
  const isThere = await stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isThere) throw new DomainError('mapper_not_found', `no mapper in ${folder}`);
  return new ModelFolder(folder);
}
