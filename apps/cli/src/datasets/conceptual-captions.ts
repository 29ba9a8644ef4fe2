import type { DatasetPicture } from './dataset-picture.js';
import { textLines, wrongLine } from './text-lines.js';

/**
 * Conceptual Captions' Train_GCC-training.tsv and Validation_GCC-1.1.0-Validation.tsv: a caption, a tab, a URL; more
 * columns are not read. Line by line: there are millions. A picture goes by its line, counted from 0, and by its URL.
 * @throws DomainError `invalid_request`, naming the line
 */
export async function* conceptualPictures(path: string): AsyncGenerator<DatasetPicture> {
  let id = 0;
  for await (const { line, text } of textLines(path)) {
    const [caption = '', url = ''] = text.split('\t').map((field) => field.trim());
    if (line === 1 && url.toLowerCase() === 'url') continue; // other tools want a header
    if (caption === '') throw wrongLine(path, line, 'no caption; expected a caption, a tab and a URL');
    if (url === '') throw wrongLine(path, line, 'no URL; expected a caption, a tab and a URL');
    const name = String(id).padStart(8, '0');
    yield { id: id++, aliases: [url, name, `${name}.jpg`], files: [], url, captions: [caption] };
  }
}

/** Whether a text begins as such a file does. */
export const isConceptual = (head: string): boolean =>
  /^[^\t\n]*\t\s*(?:url\s*$|[a-z][a-z0-9+.-]*:\/\/)/im.test(firstLine(head));

const firstLine = (text: string): string => text.slice(0, (text.indexOf('\n') + 1 || text.length + 1) - 1);
