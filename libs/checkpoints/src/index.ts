export * from './base-model.js';
export { readBaseReplay, type BaseReplay } from './base-replay.js';
export type { FileHashes } from './file-hashes.js';
export * from './mapper-artefact.js';
export { readMapperFiles } from './mapper-files.js';
export { SafetensorsFile } from './safetensors-file.js';
export { encodeSafetensors } from './safetensors-writer.js';
