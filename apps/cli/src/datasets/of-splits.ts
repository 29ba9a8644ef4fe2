import { DomainError } from '@housestyle/domain';
import type { DatasetPicture } from './dataset-picture.js';
import type { Dataset } from './open-dataset.js';

/**
 * The pictures of some splits of a Karpathy file; every picture of another file, which has none.
 * @param splits undefined: those of `fallback`
 * @throws DomainError `invalid_request` for splits that the file does not have
 */
export function ofSplits(
  path: string,
  dataset: Dataset,
  splits: readonly string[] | undefined,
  fallback: readonly string[],
): Dataset {
  if (dataset.format !== 'karpathy') {
    if (splits === undefined) return dataset;
    throw new DomainError('invalid_request', `${path}: only Karpathy's files have splits; leave --split out`);
  }
  const all = [...(dataset.pictures() as Iterable<DatasetPicture>)];
  const known = new Set(all.map(({ split }) => split));
  const strange = splits?.find((split) => !known.has(split));
  if (strange !== undefined) {
    throw new DomainError('invalid_request', `${path}: no split ${strange}; there are ${[...known].join(', ')}`);
  }
  const wanted = new Set(splits ?? fallback);
  return { ...dataset, pictures: () => all.filter(({ split }) => wanted.has(split ?? '')) };
}
