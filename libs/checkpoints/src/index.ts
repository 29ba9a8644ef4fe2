export * from './base-model.js';
export { hasBaseReplay, readBaseReplay, type BaseReplay } from './base-replay.js';
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
export { assembleBaseModel, type Assembled, type BaseOrigin, type BasePieces } from './hub/assemble-base-model.js';
export {
  pullSnapshot,
  type HubOptions,
  type PullProgress,
  type Snapshot,
  type SnapshotRequest,
} from './hub/pull-snapshot.js';
export type { WantedFiles } from './hub/wanted-files.js';
export { locateBaseModels } from './locate-base-model.js';
export { withFileLock, type FileLockOptions } from './hub/file-lock.js';
export * from './mapper-artefact.js';
export { readMapperFiles } from './mapper-files.js';
export { CheckpointPart, countBytes, countValues } from './pytorch/checkpoint-part.js';
export * from './pytorch/clipcap-checkpoint.js';
export { ClipCapFeatures } from './pytorch/clipcap-features.js';
export { openAiClipIn } from './pytorch/openai-clip-checkpoint.js';
export { PyTorchFile } from './pytorch/pytorch-file.js';
export { SafetensorsFile } from './safetensors-file.js';
export {
  encodeSafetensors,
  writeSafetensors,
  type SafetensorsTensor,
  type WritableTensors,
} from './safetensors-writer.js';
export { writeBaseModel, type NewBaseModel } from './write-base-model.js';
export { writeClipFolder, type NewClip } from './write-clip-folder.js';
export { writeMapperDirectory, type NewMapper } from './write-mapper-directory.js';
