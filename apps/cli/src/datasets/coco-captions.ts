import type { DatasetPicture } from './dataset-picture.js';
import { isImageId, type ImageId } from './image-id.js';
import { isRecord, malformed } from './read-json.js';

export const COCO_CAPTIONS = 'COCO captions: {"images": […], "annotations": [{"image_id", "caption"}, …]}';

/**
 * COCO's captions_train2014.json and its kind; nocaps' nocaps_val_4500_captions.json, which adds each picture's domain.
 * Pictures in the order of `images`, as the COCO code scores them.
 * @throws DomainError `invalid_request`
 */
export function cocoPictures(path: string, annotations: readonly unknown[], images: unknown): DatasetPicture[] {
  const captions = new Map<ImageId, string[]>();
  const described = new Map<ImageId, Readonly<Record<string, unknown>>>();
  for (const image of Array.isArray(images) ? (images as unknown[]) : []) {
    if (!isRecord(image) || !isImageId(image.id)) continue;
    captions.set(image.id, []);
    described.set(image.id, image);
  }
  for (const { imageId, caption } of captionEntries(annotations, path, 'annotations')) {
    const known = captions.get(imageId);
    if (known) known.push(caption);
    else captions.set(imageId, [caption]);
  }
  return [...captions].map(([id, texts]) => {
    const { file_name: file, open_images_id: openImagesId, domain } = described.get(id) ?? {};
    const isFile = typeof file === 'string' && file !== '';
    return {
      id,
      aliases: [...(isFile ? [file] : []), ...(typeof openImagesId === 'string' ? [openImagesId] : [])],
      files: isFile ? placesOf(file) : [],
      captions: texts,
      ...(typeof domain === 'string' && { domain }),
    };
  });
}

/** The official ClipCap code's train_caption.json: `[{"image_id", "caption"}, …]` of COCO 2014, pictures by first mention. */
export function cocoListPictures(path: string, entries: readonly unknown[]): DatasetPicture[] {
  const captions = new Map<string, string[]>();
  for (const { imageId, caption } of captionEntries(entries, path, 'captions')) {
    const id = String(imageId);
    if (!/^\d+$/.test(id)) throw malformed(path, `image_id ${id} is no COCO number`);
    captions.set(id, [...(captions.get(id) ?? []), caption]);
  }
  return [...captions].map(([id, texts]) => {
    const fileOf = (year: string) => `${year}/COCO_${year}_${id.padStart(12, '0')}.jpg`;
    return { id: Number(id), aliases: [], files: ['train2014', 'val2014'].map(fileOf), captions: texts };
  });
}

/** Entries of `{"image_id", "caption"}`. @throws DomainError `invalid_request`, naming the first that is none */
export function* captionEntries(
  entries: readonly unknown[],
  path: string,
  name: string,
): Iterable<{ readonly imageId: ImageId; readonly caption: string }> {
  for (const [n, entry] of entries.entries()) {
    if (!isRecord(entry) || !isImageId(entry.image_id) || typeof entry.caption !== 'string') {
      throw malformed(path, `${name}[${n}] is not {"image_id", "caption"}`);
    }
    yield { imageId: entry.image_id, caption: entry.caption };
  }
}

/** Beside each other, or in the folders that COCO 2014's archives unpack to. */
function placesOf(file: string): string[] {
  const year = /^COCO_((?:train|val|test)\d{4})_/.exec(file)?.[1];
  return year === undefined ? [file] : [file, `${year}/${file}`];
}
