import { openBaseModel, type BaseModelDescription } from '@housestyle/checkpoints';
import { ClipImageEncoder } from '@housestyle/clipcap';
import { OnnxGraphRunner, serveWorker, type Device } from '@housestyle/runtime';

/** Pictures to encode, [n, n, 3] uint8 RGB each. */
export type EncodeRequest = readonly Uint8Array[];

export interface EncodeResponse {
  /** n */
  readonly imageSize: number;
  /** P */
  readonly embeddingWidth: number;
  /** [P] each. */
  readonly embeddings: readonly Float32Array[];
}

export interface EncodeWorkerData {
  /** of the base model. */
  readonly folder: string;
  /** made before, so that nothing is hashed again. */
  readonly description: BaseModelDescription;
  readonly device: Device | undefined;
}

await serveWorker<EncodeWorkerData, EncodeRequest, EncodeResponse>(async ({ folder, description, device }) => {
  const { clip } = await openBaseModel(folder, description);
  const encoder = await ClipImageEncoder.load(clip, new OnnxGraphRunner(device ? { device } : {}));
  const { imageSize, embeddingWidth } = encoder;
  return {
    handle: async (pictures) => ({
      response: { imageSize, embeddingWidth, embeddings: (await encoder.embed(pictures)).map((row) => row.slice()) },
    }),
    close: () => encoder.release(),
  };
});
