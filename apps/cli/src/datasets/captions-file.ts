import { readFile } from 'node:fs/promises';
import { DomainError } from '@housestyle/domain';
import { parseCsv } from './csv.js';

/** What a person says of a picture in a folder. */
export interface CaptionedFile {
  /** relative to the folder, with `/`. */
  readonly file: string;
  readonly caption: string;
}

/** The names that a column or a field may have; the second is what datasets of Hugging Face's `imagefolder` call it. */
const NAMES = { file: ['file', 'file_name'], caption: ['caption', 'text'] } as const;

/**
 * Captions of files, one a line: JSON objects (`.jsonl`), or comma-separated values under a header (`.csv`).
 * @throws DomainError `not_found`, `invalid_request`, naming the line
 */
export async function readCaptionsFile(path: string): Promise<CaptionedFile[]> {
  let text: string;
  try {
    text = (await readFile(path, 'utf8')).replace(/^\uFEFF/, '');
  } catch (cause) {
    throw new DomainError('not_found', `${path}: cannot be read; give a .jsonl or .csv file of captions`, { cause });
  }
  const captions = path.endsWith('.csv') ? fromCsv(path, text) : fromJsonLines(path, text);
  if (captions.length === 0) throw new DomainError('invalid_request', `${path}: no captions in it`);
  return captions;
}

function fromJsonLines(path: string, text: string): CaptionedFile[] {
  return text.split('\n').flatMap((line, n) => {
    if (line.trim() === '') return [];
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch (cause) {
      throw malformed(path, n + 1, 'not JSON', cause);
    }
    const fields = (typeof value === 'object' && value !== null ? value : {}) as Readonly<Record<string, unknown>>;
    return [toCaption(path, n + 1, (names) => names.map((name) => fields[name]).find((field) => field !== undefined))];
  });
}

function fromCsv(path: string, text: string): CaptionedFile[] {
  const [header, ...rows] = parseCsv(text);
  const column = (names: readonly string[]) => header?.cells.findIndex((cell) => names.includes(cell.trim())) ?? -1;
  if (column(NAMES.file) < 0 || column(NAMES.caption) < 0) {
    throw malformed(path, 1, 'the header must name the columns file and caption');
  }
  return rows.map(({ cells, line }) => toCaption(path, line, (names) => cells[column(names)]));
}

function toCaption(path: string, line: number, field: (names: readonly string[]) => unknown): CaptionedFile {
  const [file, caption] = [field(NAMES.file), field(NAMES.caption)];
  if (typeof file !== 'string' || file === '') throw malformed(path, line, 'no file; expected {"file", "caption"}');
  if (typeof caption !== 'string' || caption.trim() === '') throw malformed(path, line, `no caption of ${file}`);
  return { file: file.replaceAll('\\', '/').replace(/^\.\//, ''), caption: caption.normalize('NFC').trim() };
}

const malformed = (path: string, line: number, what: string, cause?: unknown): DomainError =>
  new DomainError('invalid_request', `${path}: line ${line}: ${what}`, { cause });
