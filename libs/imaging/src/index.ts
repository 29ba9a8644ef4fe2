export { isPublicAddress } from './address-policy.js';
export { DEFAULT_MAX_PIXELS, decodeImage, type DecodedImage } from './decode-image.js';
export { DecodePool, type DecodePoolOptions } from './decode-pool.js';
export type { FetchedImage } from './http-source.js';
export { ImageFetcher, type FetchOptions, type ImageFetcherSettings } from './image-fetcher.js';
export { makePreview, type Preview } from './make-preview.js';
export type { CroppedPicture, PreparedPicture } from './prepare-picture.js';
export { resizeForClip } from './resize-for-clip.js';
export type { S3SourceReader } from './s3-source.js';
