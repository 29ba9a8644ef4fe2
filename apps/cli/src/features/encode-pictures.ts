import { toDomainError, type DomainError } from '@housestyle/domain';
import { arrivals } from './arrivals.js';

/** A picture's embedding, or why there is none. */
export type Encoded<Picture> =
  | { readonly picture: Picture; readonly embedding: Float32Array }
  | { readonly picture: Picture; readonly error: DomainError };

export interface PictureEncoder {
  /** n: pictures are n × n. */
  readonly imageSize: number;
  /** Each picture [n, n, 3] uint8 RGB → its embedding [P]. */
  embed(pictures: readonly Uint8Array[]): Promise<readonly Float32Array[]>;
}

/**
 * Reads pictures and encodes them, batch by batch, as they come in; reading goes on while a batch is encoded. A bad one
 * is told of, and the others go on.
 * @param atOnce pictures that are being read, or wait to be encoded
 */
export async function* encodePictures<Picture>(
  pictures: Iterable<Picture> | AsyncIterable<Picture>,
  read: (picture: Picture) => Promise<Uint8Array>,
  encoder: PictureEncoder,
  atOnce: number = 2 * BATCH_SIZE,
): AsyncGenerator<readonly Encoded<Picture>[]> {
  type ReadPicture = { readonly picture: Picture; readonly pixels: Uint8Array };
  type FailedPicture = { readonly picture: Picture; readonly error: DomainError };
  const attempt = async (picture: Picture): Promise<ReadPicture | FailedPicture> => {
    try {
      return { picture, pixels: await read(picture) };
    } catch (error) {
      return { picture, error: toDomainError(error) };
    }
  };
  let batch: ReadPicture[] = [];
  let failed: FailedPicture[] = [];
  const finish = async (): Promise<Encoded<Picture>[]> => {
    const embeddings = await encoder.embed(batch.map(({ pixels }) => pixels));
    const outcomes = [...failed, ...batch.map(({ picture }, n) => ({ picture, embedding: embeddings[n]!.slice() }))];
    [batch, failed] = [[], []];
    return outcomes;
  };
  for await (const read of arrivals(pictures, attempt, atOnce)) {
    if ('pixels' in read) batch.push(read);
    else failed.push(read);
    if (batch.length === BATCH_SIZE || failed.length === BATCH_SIZE) yield await finish();
  }
  if (batch.length + failed.length > 0) yield await finish();
}

const BATCH_SIZE = 32;
