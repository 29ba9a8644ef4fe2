import type * as S3Sdk from '@aws-sdk/client-s3';

interface UploadTarget {
  readonly Bucket: string;
  readonly Key: string;
  readonly ContentType: string | undefined;
}

/** S3 takes parts of 5 MiB and more (the last may be shorter), so at most this is held in memory. */
const PART_BYTES = 8 * 1024 * 1024;

/**
 * One PutObject for what is short or already in memory, a multipart upload for the rest; both show the object only
 * when it is complete, and a source that fails half way leaves nothing.
 */
export async function uploadToS3(
  client: S3Sdk.S3Client,
  sdk: typeof S3Sdk,
  target: UploadTarget,
  body: Uint8Array | AsyncIterable<Uint8Array>,
): Promise<void> {
  if (body instanceof Uint8Array) {
    await client.send(new sdk.PutObjectCommand({ ...target, Body: body }));
    return;
  }
  const parts = inParts(body);
  const first = await parts.next();
  const second = first.done ? first : await parts.next();
  if (second.done) {
    await client.send(new sdk.PutObjectCommand({ ...target, Body: first.done ? new Uint8Array() : first.value }));
    return;
  }
  const { UploadId } = await client.send(new sdk.CreateMultipartUploadCommand(target));
  const upload = { Bucket: target.Bucket, Key: target.Key, UploadId };
  try {
    const done: S3Sdk.CompletedPart[] = [];
    const send = async (part: Uint8Array): Promise<void> => {
      const PartNumber = done.length + 1;
      const { ETag } = await client.send(new sdk.UploadPartCommand({ ...upload, PartNumber, Body: part }));
      done.push({ PartNumber, ETag });
    };
    await send(first.value as Uint8Array);
    await send(second.value);
    for await (const part of parts) await send(part);
    await client.send(new sdk.CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts: done } }));
  } catch (error) {
    // the first error is the one to report; an upload that cannot be aborted expires by the bucket's own rule
    await client.send(new sdk.AbortMultipartUploadCommand(upload)).catch(() => undefined);
    throw error;
  }
}

async function* inParts(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  let chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of source) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= PART_BYTES) {
      yield Buffer.concat(chunks, length);
      chunks = [];
      length = 0;
    }
  }
  if (length > 0) yield Buffer.concat(chunks, length);
}
