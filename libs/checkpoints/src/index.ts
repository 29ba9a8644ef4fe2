export * from './base-model.js';
export { readBaseReplay, type BaseReplay } from './base-replay.js';
export {
  captionsBeside,
  readFeatures,
  writeFeatures,
  writeFeatureStream,
  type CaptionedRow,
  type Features,
  type FeatureStream,
} from './feature-file.js';
export type { FileHashes } from './file-hashes.js';
export * from './mapper-artefact.js';
export { readMapperFiles } from './mapper-files.js';
export { SafetensorsFile } from './safetensors-file.js';
export { encodeSafetensors, writeSafetensors } from './safetensors-writer.js';
export { writeBaseModel, type NewBaseModel } from './write-base-model.js';
