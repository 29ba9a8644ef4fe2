import type { CaptioningTask, LeasedAsset } from '@housestyle/database';
import type { BaseModel } from '@housestyle/contracts/captioner';
import type { MapperReference } from '@housestyle/domain';
import type { PreparedPicture } from '@housestyle/imaging';

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

/** With a picture just read, or with its embedding as it was stored when the base first saw it. */
export type PreparedItem = WorkItem &
  (
    | { readonly picture: PreparedPicture; readonly embedding?: undefined }
    | { readonly embedding: Uint8Array; readonly picture?: undefined }
  );
