export { FileObjectStore } from './file-object-store.js';
export { assertObjectKey } from './object-key.js';
export type { ObjectStore, PutOptions, StoredObject } from './object-store.js';
export { openObjectStore } from './open-object-store.js';
export { S3Connection, type S3ConnectionSettings } from './s3-connection.js';
export { S3ObjectReader } from './s3-object-reader.js';
export { S3ObjectStore, type S3ObjectStoreSettings } from './s3-object-store.js';
