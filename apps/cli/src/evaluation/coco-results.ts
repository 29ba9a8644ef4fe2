import { captionEntries } from '../datasets/coco-captions.js';
import type { ImageId } from '../datasets/image-id.js';
import { malformed, readJson } from '../datasets/read-json.js';

/**
 * A file of COCO results: `[{"image_id", "caption"}, …]`, one caption a picture.
 * @throws DomainError `not_found` | `invalid_request`
 */
export async function readCocoResults(path: string): Promise<ReadonlyMap<ImageId, string>> {
  const file = await readJson(path);
  if (!Array.isArray(file)) throw malformed(path, 'expected COCO results: [{"image_id", "caption"}, …]');
  const captions = new Map<ImageId, string>();
  for (const { imageId, caption } of captionEntries(file, path, 'results')) {
    if (captions.has(imageId)) throw malformed(path, `image_id ${imageId} has two captions; keep one`);
    captions.set(imageId, caption);
  }
  if (captions.size === 0) throw malformed(path, 'no captions in it');
  return captions;
}
