import { decodeImage } from './decode-image.js';
import { makePreview, PREVIEW_SIDE, type Preview } from './make-preview.js';
import { resizeForClip } from './resize-for-clip.js';

/** A picture as the base model takes it, with its size and, where asked for, what a page shows of it. */
export interface CroppedPicture {
  /** [imageSize, imageSize, 3], uint8 RGB */
  readonly pixels: Uint8Array;
  /** of the whole picture, upright */
  readonly width: number;
  readonly height: number;
}

export interface PreparedPicture extends CroppedPicture {
  readonly preview: Preview;
}

/** One that was made here, rather than come from another process. */
export interface PictureInHand extends CroppedPicture {
  readonly preview?: Preview;
  /** what decoding it took, in pixels: fewer than it has where it was shrunk on load */
  readonly decodedPixels: number;
}

export interface PictureOrder {
  /** side of the base model's crop, in pixels */
  readonly imageSize: number;
  /** larger pictures are refused before they are decoded */
  readonly maxPixels: number;
  readonly isPreviewWanted: boolean;
  /** large JPEG and WebP pictures are decoded at a fraction of their size: quicker, and not as Pillow would */
  readonly isShrinkingOnLoad: boolean;
}

/** One decode, and all that is made of it. @throws DomainError as `decodeImage` does */
export async function preparePicture(
  bytes: Uint8Array,
  { imageSize, maxPixels, isPreviewWanted, isShrinkingOnLoad }: PictureOrder,
): Promise<PictureInHand> {
  const shrinkFor = isPreviewWanted ? { imageSize, previewSide: PREVIEW_SIDE } : { imageSize };
  const image = await decodeImage(bytes, { maxPixels, ...(isShrinkingOnLoad && { shrinkFor }) });
  const { width, height } = image.whole ?? image;
  const preview = isPreviewWanted ? { preview: await makePreview(image) } : {};
  const decodedPixels = image.width * image.height;
  return { pixels: resizeForClip(image, imageSize), width, height, decodedPixels, ...preview };
}
