import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { DomainError } from '@housestyle/domain';

export interface TextLine {
  /** counted from 1. */
  readonly line: number;
  readonly text: string;
}

/** The lines of a text file, however long it is; blank ones are left out. @throws DomainError `not_found` */
export async function* textLines(path: string): AsyncGenerator<TextLine> {
  const input = createReadStream(path, 'utf8');
  let line = 0;
  try {
    for await (const text of createInterface({ input, crlfDelay: Infinity })) {
      line++;
      if (text.trim() !== '') yield { line, text: line === 1 ? text.replace(/^\uFEFF/, '') : text };
    }
  } catch (cause) {
    throw unreadable(path, cause);
  } finally {
    input.destroy();
  }
}

/** What a file begins with: enough to tell its format. @throws DomainError `not_found` */
export async function firstText(path: string): Promise<string> {
  try {
    const handle = await open(path);
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
      return buffer.toString('utf8', 0, bytesRead).replace(/^\uFEFF/, '');
    } finally {
      await handle.close();
    }
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

/** @throws DomainError `invalid_request`, naming the line */
export const wrongLine = (path: string, line: number, what: string): DomainError =>
  new DomainError('invalid_request', `${path}: line ${line}: ${what}`);

const unreadable = (path: string, cause: unknown): DomainError =>
  cause instanceof DomainError ? cause : new DomainError('not_found', `${path}: cannot be read`, { cause });

const HEAD_BYTES = 16 * 1024;
