import { createReadStream } from 'node:fs';

/** A whole line of a file. */
export interface JournalLine {
  readonly text: string;
  /** where the line after it begins. */
  readonly endByte: number;
}

/** The lines of a file that only grows; nothing of a file that is not there, or of a last line that a kill cut off. */
export async function* journalLines(path: string): AsyncGenerator<JournalLine> {
  let rest = Buffer.alloc(0);
  let endByte = 0;
  try {
    for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
      const bytes = Buffer.concat([rest, chunk]);
      let begin = 0;
      for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, begin)) {
        endByte += end + 1 - begin;
        yield { text: bytes.toString('utf8', begin, end), endByte };
        begin = end + 1;
      }
      rest = bytes.subarray(begin);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

const NEWLINE = 0x0a;
