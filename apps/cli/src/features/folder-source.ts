import { join } from 'node:path';
import { readCaptionsFile } from '../datasets/captions-file.js';
import type { FeatureSource } from './feature-source.js';

/** Pictures of a folder, as a file of one's own names them. @throws DomainError `not_found`, `invalid_request` */
export async function folderSource(images: string, captionsFile: string): Promise<FeatureSource> {
  const lines = await readCaptionsFile(captionsFile);
  const pictures = lines.map(({ file, caption }) => ({
    name: file,
    place: { files: [join(images, file)] },
    captions: [caption],
  }));
  return { label: images, pictures: () => pictures };
}
