import { join } from 'node:path';
import type { ClipImageEncoder } from '@housestyle/clipcap';
import { toDomainError, type DomainError } from '@housestyle/domain';
import { readPicture } from '../read-picture.js';
import type { Terminal } from '../terminal.js';

/** A picture's embedding, or why there is none. */
export type EmbeddingOutcome =
  { readonly file: string; readonly embedding: Float32Array } | { readonly file: string; readonly error: DomainError };

/** Encodes the pictures of a folder, batch by batch, in order. A bad one is told of, and the others go on. */
export async function* embedPictures(
  encoder: ClipImageEncoder,
  folder: string,
  files: readonly string[],
): AsyncGenerator<readonly EmbeddingOutcome[]> {
  const batches = Array.from({ length: Math.ceil(files.length / BATCH_SIZE) }, (_, n) =>
    files.slice(n * BATCH_SIZE, (n + 1) * BATCH_SIZE),
  );
  const readBatch = (batch: readonly string[]) =>
    Promise.all(
      batch.map((file) =>
        readPicture(join(folder, file), encoder.imageSize).catch((error: unknown) => toDomainError(error)),
      ),
    );
  let next = batches[0] && readBatch(batches[0]);
  for (const [n, batch] of batches.entries()) {
    const read = await next!;
    const following = batches[n + 1];
    next = following && readBatch(following); // decoding goes on while this batch is encoded
    const embeddings = await encoder.embed(read.filter((picture) => picture instanceof Uint8Array));
    yield read.map((picture, index) => {
      const file = batch[index]!;
      return picture instanceof Uint8Array
        ? { file, embedding: embeddings.shift()!.slice() }
        : { file, error: picture };
    });
  }
}

/** Names a picture that was left out, with its error code. */
export function reportFailure(file: string, { code, message }: DomainError, json: boolean, terminal: Terminal): void {
  if (json) terminal.print(JSON.stringify({ file, error: { code, message } }));
  else terminal.complain(`${file}: ${code}: ${message}`);
}

const BATCH_SIZE = 32;
