import { stat } from 'node:fs/promises';
import { readPicture } from '../read-picture.js';
import type { PicturePlace } from './feature-source.js';
import type { PictureDownloads } from './picture-downloads.js';

/** A picture that was looked for. */
export interface FoundPicture {
  /** what tells that it has changed since. */
  readonly stamp: string;
  /** [size, size, 3] uint8 RGB. @throws DomainError */
  read(size: number): Promise<Uint8Array>;
}

/** Pictures wherever they are. */
export class PictureReader {
  constructor(private readonly downloads?: PictureDownloads) {}

  async find(place: PicturePlace): Promise<FoundPicture> {
    if ('url' in place) {
      const { downloads } = this;
      if (!downloads) throw new Error('nothing to download with');
      return { stamp: downloads.allowed, read: (size) => downloads.read(place.url, size) };
    }
    for (const file of place.files) {
      const found = await stat(file).catch(() => undefined);
      if (found) return { stamp: `${found.size} ${found.mtimeMs}`, read: (size) => readPicture(file, size) };
    }
    return { stamp: 'missing', read: (size) => readPicture(place.files[0]!, size) };
  }

  /** Before pictures that failed for a passing reason are read again. */
  tryAgain(): void {
    this.downloads?.tryAgain();
  }
}
