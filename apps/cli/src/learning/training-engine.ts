import { DomainError, toDomainError } from '@housestyle/domain';
import { OnnxGraphRunner, type Device } from '@housestyle/runtime';
import { readTrainingSettings } from '@housestyle/settings';
import { OnnxTrainingEngine, type TrainingEngine } from '@housestyle/training';

export const ENGINES = ['onnx', 'tensorflow'] as const;
export type EngineName = (typeof ENGINES)[number];

/**
 * Nothing of TensorFlow.js is loaded before it is asked for; it has its own say about the device.
 * @throws DomainError `device_unavailable`, naming the option and what to install
 */
export async function openTrainingEngine(name: EngineName, device: Device): Promise<TrainingEngine> {
  if (name === 'onnx') return new OnnxTrainingEngine(new OnnxGraphRunner({ device }));
  const { TensorFlowTrainingEngine } = await import('@housestyle/training-tensorflow');
  const { TENSORFLOW_FOLDER: folder } = readTrainingSettings();
  try {
    return TensorFlowTrainingEngine.load(folder === undefined ? {} : { folder });
  } catch (cause) {
    const { code, message } = toDomainError(cause);
    throw new DomainError(code, `--engine tensorflow: ${message}; --engine onnx needs nothing more`, { cause });
  }
}
