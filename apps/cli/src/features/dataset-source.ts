import { join } from 'node:path';
import type { DatasetPicture } from '../datasets/dataset-picture.js';
import { ofSplits } from '../datasets/of-splits.js';
import { openDataset, type DatasetFormat } from '../datasets/open-dataset.js';
import type { FeaturePicture, FeatureSource } from './feature-source.js';

export interface DatasetSourceOptions {
  readonly captions: string;
  /** folder of the pictures; not needed where they are downloaded. */
  readonly images?: string;
  /** of a Karpathy file; what the official code trains on when undefined. */
  readonly split?: readonly string[];
  /** captions end as the official code ends Conceptual's. */
  readonly addPeriod?: boolean;
}

/** A published dataset's pictures. @throws DomainError `not_found`, `invalid_request` naming the place in the file */
export async function datasetSource(
  { captions, images = '', split, addPeriod = false }: DatasetSourceOptions,
  formats: readonly DatasetFormat[],
): Promise<FeatureSource> {
  const dataset = ofSplits(captions, await openDataset(captions, formats), split, TRAINED_ON);
  async function* pictures(): AsyncGenerator<FeaturePicture> {
    for await (const picture of dataset.pictures()) {
      if (picture.url === undefined && picture.files.length === 0) continue;
      yield {
        name: picture.url ?? picture.files[0]!,
        place: placeOf(picture, images),
        captions: addPeriod ? picture.captions.map(withPeriod) : picture.captions,
      };
    }
  }
  return { label: images === '' ? captions : images, pictures };
}

const placeOf = ({ url, files }: DatasetPicture, images: string): FeaturePicture['place'] =>
  url === undefined ? { files: files.map((file) => join(images, file)) } : { url };

/** "a boat ." and "a boat" become "a boat.", the end that the official code waits for. */
function withPeriod(caption: string): string {
  const text = caption.trim();
  return text.endsWith('.') ? text.replace(/ \.$/, '.') : `${text}.`;
}

const TRAINED_ON = ['train', 'restval'];
