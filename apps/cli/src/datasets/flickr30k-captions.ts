import type { DatasetPicture } from './dataset-picture.js';
import { textLines, wrongLine } from './text-lines.js';

/**
 * Flickr30k's results_20130124.token (`1000092795.jpg#0`, a tab, the caption), or the results.csv that it is passed on
 * as (`image_name| comment_number| comment`). Pictures by first mention.
 * @throws DomainError `invalid_request`, naming the line
 */
export async function flickr30kPictures(path: string): Promise<DatasetPicture[]> {
  const captions = new Map<string, string[]>();
  let isTable = false;
  for await (const { line, text } of textLines(path)) {
    if (line === 1 && TABLE_HEAD.test(text)) {
      isTable = true;
      continue;
    }
    const [, file, caption] = (isTable ? TABLE_ROW : TOKEN).exec(text) ?? [];
    if (file === undefined || caption === undefined) {
      throw wrongLine(path, line, `expected ${isTable ? 'name| number| caption' : 'name#number, a tab, the caption'}`);
    }
    captions.set(file, [...(captions.get(file) ?? []), caption]);
  }
  return [...captions].map(([file, texts]) => ({ id: file, aliases: [], files: [file], captions: texts }));
}

/** Whether a text begins as one of the two does. */
export const isFlickr30k = (head: string): boolean => TABLE_HEAD.test(head) || TOKEN_START.test(head);

const TABLE_HEAD = /^image_name\s*\|\s*comment_number\s*\|\s*comment/;
/** One row of the file that goes round lacks its second bar. */
const TABLE_ROW = /^([^|]*[^|\s])\s*\|\s*\d+\s*\|?\s*(\S.*?)\s*$/;
const TOKEN = /^([^#\t]*[^#\t\s])#\d+\t\s*(\S.*?)\s*$/;
const TOKEN_START = /^[^#\t\n]+#\d+\t/;
