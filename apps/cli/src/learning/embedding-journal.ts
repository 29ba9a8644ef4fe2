import { open, readFile, rm, stat, truncate, writeFile, type FileHandle } from 'node:fs/promises';

/**
 * What an interrupted run of `features` has encoded already: PATH.journal names the picture of each row, PATH.rows has
 * the rows. Both only grow; what a kill left half-written is cut off. A picture that changed since is encoded anew.
 */
export class EmbeddingJournal {
  private constructor(
    private readonly path: string,
    private readonly handles: { readonly entries: FileHandle; readonly rows: FileHandle },
    private readonly known: Map<string, Float32Array>,
  ) {}

  /** @param made of these rows: by another CLIP's, nothing is kept */
  static async open(
    path: string,
    made: { readonly clipSha256: string; readonly width: number },
  ): Promise<EmbeddingJournal> {
    const [entriesFile, rowsFile] = [`${path}.journal`, `${path}.rows`];
    const head = `${JSON.stringify(made)}\n`;
    const [text, bytes] = [await textOf(entriesFile), await bytesOf(rowsFile)];
    const rowBytes = made.width * Float32Array.BYTES_PER_ELEMENT;
    const lines = text.startsWith(head) ? text.slice(head.length).split('\n').slice(0, -1) : [];
    const count = Math.min(lines.length, Math.floor(bytes.length / rowBytes));
    await writeFile(
      entriesFile,
      head +
        lines
          .slice(0, count)
          .map((line) => `${line}\n`)
          .join(''),
    );
    await writeFile(rowsFile, '', { flag: 'a' });
    await truncate(rowsFile, count * rowBytes);
    const row = (n: number) => new Float32Array(bytes.slice(n * rowBytes, (n + 1) * rowBytes).buffer);
    const known = new Map(lines.slice(0, count).map((line, n) => [line, row(n)] as const));
    return new EmbeddingJournal(
      path,
      { entries: await open(entriesFile, 'a'), rows: await open(rowsFile, 'a') },
      known,
    );
  }

  /** The row of `file`, if it is as it was when it was encoded. */
  async find(file: string, path: string): Promise<Float32Array | undefined> {
    return this.known.get(await entryOf(file, path));
  }

  async add(
    pictures: readonly { readonly file: string; readonly path: string; readonly embedding: Float32Array }[],
  ): Promise<void> {
    const entries = await Promise.all(pictures.map(({ file, path }) => entryOf(file, path)));
    // the rows first: an entry vouches for a row
    await this.handles.rows.write(
      Buffer.concat(
        pictures.map(({ embedding }) => new Uint8Array(embedding.buffer, embedding.byteOffset, embedding.byteLength)),
      ),
    );
    await this.handles.entries.write(entries.map((entry) => `${entry}\n`).join(''));
  }

  async close(): Promise<void> {
    await this.handles.entries.close();
    await this.handles.rows.close();
  }

  /** The features are written: nothing is left to resume. */
  async discard(): Promise<void> {
    await this.close();
    await rm(`${this.path}.journal`, { force: true });
    await rm(`${this.path}.rows`, { force: true });
  }
}

/** What a picture file is known by. */
async function entryOf(file: string, path: string): Promise<string> {
  const { size, mtimeMs } = await stat(path).catch(() => ({ size: -1, mtimeMs: 0 }));
  return JSON.stringify([file, size, mtimeMs]);
}

const textOf = (file: string): Promise<string> => readFile(file, 'utf8').catch(() => '');
const bytesOf = (file: string): Promise<Uint8Array<ArrayBuffer>> =>
  readFile(file).then(
    (buffer) => Uint8Array.from(buffer),
    () => new Uint8Array(0),
  );
