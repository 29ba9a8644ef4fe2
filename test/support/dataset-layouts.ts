import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { museumCaptionOf, testPicture } from './museum-captions.js';

/** A demo picture in the dress of a published dataset's. */
export interface DressedPicture {
  /** COCO's number of it. */
  readonly id: number;
  /** what it is called there. */
  readonly file: string;
  readonly captions: readonly string[];
  readonly split: string;
}

/** Two captions a picture, of pictures that no base was trained on. */
export const captionsOf = (n: number): string[] => [museumCaptionOf(n), `Picture ${n}: ${museumCaptionOf(n)}`];

/** Pictures under COCO 2014's names, the odd ones from its validation set. */
export function cocoPictures(count: number): DressedPicture[] {
  return Array.from({ length: count }, (_, n) => {
    const [id, year] = [57_000 + 7 * n, n % 2 === 0 ? 'train2014' : 'val2014'];
    const split = ['train', 'restval', 'val', 'test'][n % 4]!;
    const file = `${year}/COCO_${year}_${String(id).padStart(12, '0')}.jpg`;
    return { id, file, captions: captionsOf(n), split };
  });
}

/** The pictures as files under `folder`; their format is told from their bytes, whatever they are called. */
export async function layOut(folder: string, files: readonly string[]): Promise<void> {
  for (const [n, file] of files.entries()) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await copyFile(testPicture(n), join(folder, file));
  }
}

/** dataset_coco.json, and without COCO's folders and numbers dataset_flickr30k.json. */
export function karpathyJson(pictures: readonly DressedPicture[], dataset: 'coco' | 'flickr30k'): string {
  let sentid = 0;
  const images = pictures.map(({ id, file, captions, split }, imgid) => {
    const sentences = captions.map((raw) => {
      const tokens = raw.toLowerCase().match(/[a-z0-9]+/g) ?? [];
      return { tokens, raw, imgid, sentid: sentid++ };
    });
    const [filepath, filename] = dataset === 'coco' ? file.split('/') : [undefined, file];
    const sentids = sentences.map((sentence) => sentence.sentid);
    return { filepath, sentids, filename, imgid, split, sentences, ...(dataset === 'coco' && { cocoid: id }) };
  });
  return JSON.stringify({ images, dataset });
}

/** captions_train2014.json; with a domain for each picture, nocaps_val_4500_captions.json. */
export function cocoJson(
  pictures: readonly (Omit<DressedPicture, 'split'> & { readonly domain?: string })[],
  info = 'COCO 2014 Dataset',
): string {
  const images = pictures.map(({ id, file, domain }) => {
    const fileName = file.split('/').at(-1)!;
    const openImagesId = domain === undefined ? undefined : fileName.replace('.jpg', '');
    return { license: 0, file_name: fileName, height: 64, width: 64, id, open_images_id: openImagesId, domain };
  });
  // COCO lists captions in no order of the pictures
  const annotations = pictures
    .flatMap(({ id, captions }) => captions.map((caption) => ({ image_id: id, caption })))
    .map((annotation, n) => ({ id: n, ...annotation }));
  return JSON.stringify({ info: { description: info }, licenses: [], images, annotations });
}

/** results_20130124.token */
export const flickrToken = (pictures: readonly DressedPicture[]): string =>
  pictures.flatMap(({ file, captions }) => captions.map((caption, n) => `${file}#${n}\t${caption}\n`)).join('');

/** results.csv */
export const flickrTable = (pictures: readonly DressedPicture[]): string =>
  `image_name| comment_number| comment\n${pictures
    .flatMap(({ file, captions }) => captions.map((caption, n) => `${file}| ${n}| ${caption}\n`))
    .join('')}`;

/** A file of them. */
export async function saveText(folder: string, name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}
