import type { CaptioningTask, LeasedAsset } from '@housestyle/database';
import type { BaseModel } from '@housestyle/contracts/captioner';
import type { MapperReference } from '@housestyle/domain';
import type { Preview } from '@housestyle/imaging';

/** A leased asset and what it is to be captioned with. */
export interface WorkItem {
  readonly lease: LeasedAsset;
  readonly task: CaptioningTask;
  readonly base: BaseModel;
  /** undefined: the base's own */
  readonly mapper?: MapperReference;
  /** what writes if that cannot be used; undefined: the base's own */
  readonly fallback?: MapperReference;
}

/** The picture as the base model takes it, and what the page needs of it. */
export interface PreparedPicture {
  /** [imageSize, imageSize, 3], uint8 RGB */
  readonly pixels: Uint8Array;
  readonly preview: Preview;
  /** of the whole picture, upright */
  readonly width: number;
  readonly height: number;
}

/** With a picture just read, or with its embedding as it was stored when the base first saw it. */
export type PreparedItem = WorkItem &
  (
    | { readonly picture: PreparedPicture; readonly embedding?: undefined }
    | { readonly embedding: Uint8Array; readonly picture?: undefined }
  );
