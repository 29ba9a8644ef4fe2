import { DomainError } from '@housestyle/domain';
import { CheckpointPart } from './checkpoint-part.js';
import type { PyTorchFile } from './pytorch-file.js';

/**
 * A CLIP under OpenAI's names, without the whole numbers that its state dict counts and notes besides the weights:
 * `num_batches_tracked`, and in OpenAI's own archives `input_resolution`, `context_length`, `vocab_size`.
 * @throws DomainError `invalid_model` when it holds none.
 */
export function openAiClipIn(file: PyTorchFile): CheckpointPart {
  const names = file.names().filter((name) => file.describe(name)?.dtype !== 'int64');
  if (!names.includes('visual.conv1.weight')) {
    throw new DomainError('invalid_model', `${file.label} holds no CLIP under OpenAI's names (visual.*)`);
  }
  return new CheckpointPart(file, new Map(names.map((name) => [name, name])));
}
