import { open, rm, stat, writeFile, type FileHandle } from 'node:fs/promises';
import { readSync } from 'node:fs';
import { isErrorCode, type DomainError, type ErrorCode } from '@housestyle/domain';
import { journalLines } from './journal-lines.js';

/** Why a picture has no embedding; of an error no more, for there may be hundreds of thousands. */
export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
}

/** What is known of a picture: the row of its embedding, or why it has none. */
export type JournalEntry = { readonly stamp: string } & ({ readonly row: number } | { readonly error: Failure });

/** What is to be noted of one. */
export type JournalNote = { readonly name: string; readonly stamp: string } & (
  { readonly embedding: Float32Array } | { readonly error: DomainError }
);

/**
 * What a run of `features` has done so far: PATH.journal says of each picture which row of PATH.rows is its embedding, or
 * why it has none. Both only grow, the rows first, for an entry vouches for a row; what a kill left half-written is cut
 * off. Rows stay on disk: there may be more than memory holds.
 */
export class EmbeddingJournal {
  /** one object for each reason. */
  private readonly reasons = new Map<string, Failure>();
  private readonly entries = new Map<string, JournalEntry>();
  private numRows = 0;

  private constructor(
    private readonly path: string,
    private readonly files: { readonly entries: FileHandle; readonly rows: FileHandle },
    private readonly rowBytes: number,
  ) {}

  /** @param made of these rows: by another CLIP's, nothing is kept */
  static async open(
    path: string,
    made: { readonly clipSha256: string; readonly width: number },
  ): Promise<EmbeddingJournal> {
    const [entriesFile, rowsFile] = [`${path}.journal`, `${path}.rows`];
    const head = JSON.stringify(made);
    const rowBytes = made.width * Float32Array.BYTES_PER_ELEMENT;
    await writeFile(rowsFile, '', { flag: 'a' });
    const rowsThere = Math.floor((await stat(rowsFile)).size / rowBytes);
    const files = { entries: await open(entriesFile, 'a'), rows: await open(rowsFile, 'a+') };
    const journal = new EmbeddingJournal(path, files, rowBytes);
    let keptBytes = 0;
    for await (const { text, endByte } of journalLines(entriesFile)) {
      if (keptBytes === 0 ? text !== head : journal.numRows === rowsThere && !isFailure(text)) break;
      if (keptBytes > 0) journal.note(JSON.parse(text) as Line);
      keptBytes = endByte;
    }
    await files.entries.truncate(keptBytes);
    await files.rows.truncate(journal.numRows * rowBytes);
    if (keptBytes === 0) await files.entries.writeFile(`${head}\n`);
    return journal;
  }

  find(name: string): JournalEntry | undefined {
    return this.entries.get(name);
  }

  async add(notes: readonly JournalNote[]): Promise<void> {
    const rows = notes.flatMap((note) =>
      'embedding' in note
        ? [new Uint8Array(note.embedding.buffer, note.embedding.byteOffset, note.embedding.byteLength)]
        : [],
    );
    await this.files.rows.writeFile(Buffer.concat(rows));
    const lines = notes.map(lineOf);
    await this.files.entries.writeFile(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    for (const line of lines) this.note(line);
  }

  /** The embeddings' bytes, row after row as asked for, in pieces that the next one overwrites. */
  *readRows(order: readonly number[]): Generator<Uint8Array> {
    const rowsAtOnce = Math.max(1, Math.floor(PIECE_BYTES / this.rowBytes));
    const piece = Buffer.alloc(rowsAtOnce * this.rowBytes);
    for (let from = 0; from < order.length; from += rowsAtOnce) {
      const rows = order.slice(from, from + rowsAtOnce);
      for (const [n, row] of rows.entries()) {
        const read = readSync(this.files.rows.fd, piece, n * this.rowBytes, this.rowBytes, row * this.rowBytes);
        if (read !== this.rowBytes) throw new Error(`${this.path}.rows was cut off by somebody else`);
      }
      yield piece.subarray(0, rows.length * this.rowBytes);
    }
  }

  async close(): Promise<void> {
    await this.files.entries.close();
    await this.files.rows.close();
  }

  /** The features are written: nothing is left to resume. */
  async discard(): Promise<void> {
    await this.close();
    await rm(`${this.path}.journal`, { force: true });
    await rm(`${this.path}.rows`, { force: true });
  }

  private note([name, stamp, failure]: Line): void {
    this.entries.set(name, failure ? { stamp, error: this.reasonOf(failure) } : { stamp, row: this.numRows++ });
  }

  private reasonOf({ code, message }: NonNullable<Line[2]>): Failure {
    const key = `${code} ${message}`;
    const known = this.reasons.get(key);
    if (known) return known;
    const reason: Failure = { code: isErrorCode(code) ? code : 'internal', message };
    this.reasons.set(key, reason);
    return reason;
  }
}

/** Of a picture: its name, its stamp, and where it has no row, why. */
type Line = readonly [name: string, stamp: string, failure?: { readonly code: string; readonly message: string }];

function lineOf(note: JournalNote): Line {
  if ('embedding' in note) return [note.name, note.stamp];
  const { code, message } = note.error;
  return [note.name, note.stamp, { code, message }];
}

const isFailure = (text: string): boolean => text.endsWith('}]');
const PIECE_BYTES = 1024 * 1024;
