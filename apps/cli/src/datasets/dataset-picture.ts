import type { ImageId } from './image-id.js';

/** A picture of a dataset, and what people wrote of it. */
export interface DatasetPicture {
  /** what results files call it. */
  readonly id: ImageId;
  /** what else they may call it. */
  readonly aliases: readonly string[];
  /** under the folder of pictures, with `/`: every place that it may have, the likeliest first. */
  readonly files: readonly string[];
  /** where it is downloaded from. */
  readonly url?: string;
  /** may be none. */
  readonly captions: readonly string[];
  /** Karpathy's: train, restval, val or test. */
  readonly split?: string;
  /** nocaps': in-domain, near-domain or out-domain. */
  readonly domain?: string;
}
