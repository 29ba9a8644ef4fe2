import type { BaseModelDescription } from '@housestyle/checkpoints';
import { WorkerPool, type Device } from '@housestyle/runtime';
import type { PictureEncoder } from './encode-pictures.js';
import type { EncodeRequest, EncodeResponse, EncodeWorkerData } from './encode.worker.js';

/** CLIP in a thread of its own: a batch may take many seconds, and downloads have deadlines. */
export class EncodingThread implements PictureEncoder {
  private constructor(
    private readonly pool: WorkerPool<EncodeRequest, EncodeResponse>,
    /** n: pictures are n × n. */
    readonly imageSize: number,
    /** P */
    readonly embeddingWidth: number,
  ) {}

  /** @param folder of the base model @throws DomainError `invalid_model`, `device_unavailable` */
  static async start(folder: string, description: BaseModelDescription, device?: Device): Promise<EncodingThread> {
    const workerData: EncodeWorkerData = { folder, description, device };
    const pool = new WorkerPool<EncodeRequest, EncodeResponse>({
      script: new URL('./encode.worker.js', import.meta.url),
      size: 1,
      workerData,
    });
    try {
      await pool.ready();
      const { imageSize, embeddingWidth } = await pool.run([]);
      return new EncodingThread(pool, imageSize, embeddingWidth);
    } catch (error) {
      await pool.close();
      throw error;
    }
  }

  async embed(pictures: readonly Uint8Array[]): Promise<readonly Float32Array[]> {
    return pictures.length === 0 ? [] : (await this.pool.run(pictures)).embeddings;
  }

  close(): Promise<void> {
    return this.pool.close();
  }
}
