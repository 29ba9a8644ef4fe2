import { TensorFlowTrainingEngine } from '@housestyle/training-tensorflow';
import type { Requirement } from './requirements.js';

/** Where TensorFlow.js was installed; unset: beside the project's own packages, if there. */
const folder = process.env['TENSORFLOW_FOLDER'];

export const openTensorFlowEngine = (): TensorFlowTrainingEngine =>
  TensorFlowTrainingEngine.load(folder ? { folder } : {});

/** Nobody has to have it, not even under `HOUSESTYLE_REQUIRE`; but who names a folder shall find it there. */
export function tensorflow(): Requirement {
  const name = 'tensorflow';
  try {
    openTensorFlowEngine();
    return { name, isPresent: true, reason: '' };
  } catch (error) {
    if (folder) throw error;
    return { name, isPresent: false, reason: 'TensorFlow.js is not installed (docs/training-engines.md says how)' };
  }
}
