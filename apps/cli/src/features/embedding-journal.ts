import { open, rm, stat, truncate, writeFile, type FileHandle } from 'node:fs/promises';
import { readSync } from 'node:fs';
import { DomainError, isErrorCode } from '@housestyle/domain';
import { journalLines } from './journal-lines.js';

/** What is known of a picture: the row of its embedding, or why it has none. */
export type JournalEntry = { readonly stamp: string } & ({ readonly row: number } | { readonly error: DomainError });

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
  private constructor(
    private readonly path: string,
    private readonly files: { readonly entries: FileHandle; readonly rows: FileHandle },
    private readonly entries: Map<string, JournalEntry>,
    private numRows: number,
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
    const entries = new Map<string, JournalEntry>();
    let [numRows, keptBytes] = [0, 0];
    for await (const { text, endByte } of journalLines(entriesFile)) {
      if (keptBytes === 0 ? text !== head : numRows === rowsThere && !isFailure(text)) break;
      if (keptBytes > 0) {
        const [name, stamp, failure] = JSON.parse(text) as Line;
        entries.set(name, failure ? { stamp, error: errorOf(failure) } : { stamp, row: numRows++ });
      }
      keptBytes = endByte;
    }
    if (keptBytes === 0) await writeFile(entriesFile, `${head}\n`);
    else await truncate(entriesFile, keptBytes);
    await truncate(rowsFile, numRows * rowBytes);
    const files = { entries: await open(entriesFile, 'a'), rows: await open(rowsFile, 'a+') };
    return new EmbeddingJournal(path, files, entries, numRows, rowBytes);
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
    await this.files.entries.writeFile(notes.map((note) => `${JSON.stringify(lineOf(note))}\n`).join(''));
    for (const note of notes) {
      const { name, stamp } = note;
      this.entries.set(name, 'embedding' in note ? { stamp, row: this.numRows++ } : { stamp, error: note.error });
    }
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
}

/** Of a picture: its name, its stamp, and where it has no row, why. */
type Line = readonly [name: string, stamp: string, failure?: { readonly code: string; readonly message: string }];

function lineOf(note: JournalNote): Line {
  if ('embedding' in note) return [note.name, note.stamp];
  const { code, message } = note.error;
  return [note.name, note.stamp, { code, message }];
}

const isFailure = (text: string): boolean => text.endsWith('}]');
const errorOf = ({ code, message }: NonNullable<Line[2]>): DomainError =>
  new DomainError(isErrorCode(code) ? code : 'internal', message);

const PIECE_BYTES = 1024 * 1024;
