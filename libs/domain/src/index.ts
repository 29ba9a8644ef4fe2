export * from './asset.js';
export * from './caption.js';
export * from './domain-error.js';
export * from './error-codes.js';
export * from './review.js';
export * from './s3-uri.js';
export * from './tenant-id.js';
