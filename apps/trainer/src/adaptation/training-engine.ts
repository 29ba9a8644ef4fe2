import { DomainError, toDomainError } from '@housestyle/domain';
import type { TrainingEngine } from '@housestyle/training';

/** What computes losses and gradients here, as the settings say. */
export interface TrainingEngineChoice {
  readonly name: 'onnx' | 'tensorflow';
  /** where TensorFlow.js is installed; undefined: beside the product's own packages */
  readonly tensorFlowFolder?: string;
}

/**
 * The engine that was chosen; undefined: the recipe's own, onnx. Nothing of TensorFlow.js is loaded before it is asked for.
 * @throws DomainError `device_unavailable`, naming the setting and what to install
 */
export async function openTrainingEngine(choice: TrainingEngineChoice): Promise<TrainingEngine | undefined> {
  if (choice.name === 'onnx') return undefined;
  const { TensorFlowTrainingEngine } = await import('@housestyle/training-tensorflow');
  const { tensorFlowFolder: folder } = choice;
  try {
    return TensorFlowTrainingEngine.load(folder === undefined ? {} : { folder });
  } catch (cause) {
    const { code, message } = toDomainError(cause);
    throw new DomainError(code, `TRAINER_ENGINE: ${message}; TRAINER_ENGINE=onnx needs nothing more`, { cause });
  }
}
