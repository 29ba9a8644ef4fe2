import type { DatasetPicture } from './dataset-picture.js';
import { isRecord, malformed } from './read-json.js';

/** What a picture is for; `restval` is what was left of COCO's validation pictures, trained on like `train`. */
export const KARPATHY_SPLITS = ['train', 'restval', 'val', 'test'];

/**
 * Karpathy's dataset_coco.json, dataset_flickr30k.json and dataset_flickr8k.json. COCO's pictures go by COCO's number,
 * the others by their own here, or by their file's name.
 * @throws DomainError `invalid_request`
 */
export function karpathyPictures(path: string, images: readonly unknown[]): DatasetPicture[] {
  return images.map((image, n) => {
    if (!isRecord(image) || !Array.isArray(image.sentences)) throw malformed(path, `images[${n}] has no sentences`);
    const { filename, filepath, split, cocoid, imgid } = image;
    if (typeof filename !== 'string' || filename === '') throw malformed(path, `images[${n}] has no filename`);
    if (typeof split !== 'string') throw malformed(path, `images[${n}] has no split`);
    const captions = (image.sentences as unknown[]).map((sentence, m) => {
      if (isRecord(sentence) && typeof sentence.raw === 'string') return sentence.raw;
      throw malformed(path, `images[${n}].sentences[${m}] has no raw caption`);
    });
    const id = [cocoid, imgid].find((value) => typeof value === 'number') ?? filename;
    const folder = typeof filepath === 'string' && filepath !== '' ? [`${filepath}/${filename}`] : [];
    return { id, aliases: [filename], files: [...folder, filename], captions, split };
  });
}
