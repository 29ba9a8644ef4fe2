import { stat } from 'node:fs/promises';
import { DomainError } from '@housestyle/domain';
import type { MapperFiles } from '@housestyle/clipcap';
import { ModelFolder } from './model-folder.js';

export const MAPPER_CONFIG = 'config.json';
export const MAPPER_WEIGHTS = 'model.safetensors';

/**
 * A plain mapper directory: config.json and model.safetensors. `labelPrefix` stands before file names in complaints.
 * @throws DomainError `mapper_not_found`, `invalid_model` or `corrupt_checkpoint`
 */
export async function readMapperFiles(folder: string, labelPrefix = ''): Promise<MapperFiles> {
  const isThere = await stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isThere) throw new DomainError('mapper_not_found', `no mapper in ${folder}`);
  const files = new ModelFolder(folder);
  return {
    config: await files.json(MAPPER_CONFIG),
    weights: files.weights(MAPPER_WEIGHTS, `${labelPrefix}${MAPPER_WEIGHTS}`),
  };
}
