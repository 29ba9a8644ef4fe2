import { DomainError, isErrorCode, toDomainError } from '@housestyle/domain';

import type { Frame } from './frame.js';
import type { CroppedPicture, PictureOrder } from './prepare-picture.js';
import type { Preview } from './make-preview.js';

/** What a decoding process says of a picture; the bytes are its pixels, then its preview. */
export type DecodeAnswer =
  | {
      readonly kind: 'picture';
      readonly width: number;
      readonly height: number;
      readonly preview?: { readonly width: number; readonly height: number };
    }
  | { readonly kind: 'failure'; readonly code: string; readonly message: string };

export const MAX_PREVIEW_BYTES = 4 * 2 ** 20;
const MAX_MESSAGE_LENGTH = 500;

export function toFailure(thrown: unknown): DecodeAnswer & { readonly kind: 'failure' } {
  const { code, message } = toDomainError(thrown);
  return { kind: 'failure', code, message: message.slice(0, MAX_MESSAGE_LENGTH) };
}

export const pixelBytes = ({ imageSize }: PictureOrder): number => imageSize * imageSize * 3;

/**
 * Reads an answer as one from a process that a picture may have taken over: nothing in it is believed unseen.
 * @throws DomainError as the picture's failure says; Error when it is no answer to `order`
 */
export function readAnswer(
  { fields, bytes }: Frame,
  order: PictureOrder,
): CroppedPicture & { readonly preview?: Preview } {
  const answer = fields as DecodeAnswer;
  if (answer?.kind === 'failure' && typeof answer.message === 'string' && isErrorCode(answer.code)) {
    throw new DomainError(answer.code, answer.message.slice(0, MAX_MESSAGE_LENGTH));
  }
  const length = pixelBytes(order);
  const isPicture = answer?.kind === 'picture' && isSize(answer) && bytes.length >= length;
  if (!isPicture || answer.width * answer.height > order.maxPixels) throw new Error('the answer is no picture');
  const { width, height, preview } = answer;
  const picture = { pixels: bytes.subarray(0, length), width, height };
  if (!order.isPreviewWanted) return picture;
  if (!preview || !isSize(preview) || bytes.length === length) throw new Error('the answer has no preview');
  // a copy of its own: the preview outlives the pixels
  const own = Buffer.from(bytes.subarray(length));
  return {
    ...picture,
    preview: { bytes: own, contentType: 'image/webp', width: preview.width, height: preview.height },
  };
}

const isSize = ({ width, height }: { readonly width: number; readonly height: number }): boolean =>
  Number.isSafeInteger(width) && Number.isSafeInteger(height) && width > 0 && height > 0;
