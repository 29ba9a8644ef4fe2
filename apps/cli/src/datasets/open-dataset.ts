import { COCO_CAPTIONS, cocoListPictures, cocoPictures } from './coco-captions.js';
import { conceptualPictures, isConceptual } from './conceptual-captions.js';
import type { DatasetPicture } from './dataset-picture.js';
import { flickr30kPictures, isFlickr30k } from './flickr30k-captions.js';
import { karpathyPictures } from './karpathy-splits.js';
import { isRecord, malformed, readJson } from './read-json.js';
import { firstText } from './text-lines.js';

/** How datasets of captioned pictures are published. */
const FORMATS = {
  coco: COCO_CAPTIONS,
  'coco-list': 'a list of COCO 2014 captions: [{"image_id", "caption"}, …]',
  karpathy: 'a Karpathy split: {"images": [{"filename", "split", "sentences": [{"raw"}, …]}, …]}',
  flickr30k: 'Flickr30k captions: name#number, a tab, the caption; or image_name| comment_number| comment',
  conceptual: 'Conceptual Captions: a caption, a tab, a URL',
} as const;
export type DatasetFormat = keyof typeof FORMATS;

export interface Dataset {
  readonly format: DatasetFormat;
  /** From the first, each time it is called. */
  pictures(): AsyncIterable<DatasetPicture> | Iterable<DatasetPicture>;
}

/**
 * A file of captioned pictures; its format is told from its content.
 * @param formats which ones are wanted here
 * @throws DomainError `not_found`, `invalid_request` naming the file, the place in it, and what was expected
 */
export async function openDataset(path: string, formats: readonly DatasetFormat[]): Promise<Dataset> {
  const dataset = await recognise(path);
  if (dataset !== undefined && formats.includes(dataset.format)) return dataset;
  const wanted = formats.map((format) => FORMATS[format]).join('; or ');
  throw malformed(path, `expected ${wanted}${dataset ? `; this is ${FORMATS[dataset.format]}` : ''}`);
}

async function recognise(path: string): Promise<Dataset | undefined> {
  const head = await firstText(path);
  if (isConceptual(head)) return { format: 'conceptual', pictures: () => conceptualPictures(path) };
  if (isFlickr30k(head)) return listed('flickr30k', await flickr30kPictures(path));
  const file = await readJson(path);
  if (Array.isArray(file)) return listed('coco-list', () => cocoListPictures(path, file));
  if (!isRecord(file)) return undefined;
  const { images, annotations } = file;
  if (Array.isArray(annotations)) return listed('coco', cocoPictures(path, annotations, images));
  const isKarpathy = Array.isArray(images) && isRecord(images[0]) && 'sentences' in images[0];
  return isKarpathy ? listed('karpathy', karpathyPictures(path, images as unknown[])) : undefined;
}

function listed(
  format: DatasetFormat,
  pictures: readonly DatasetPicture[] | (() => readonly DatasetPicture[]),
): Dataset {
  return { format, pictures: typeof pictures === 'function' ? pictures : () => pictures };
}
