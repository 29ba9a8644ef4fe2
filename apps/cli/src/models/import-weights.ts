import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { mapperConfigOf, mapperJsonOf, PyTorchFile, takeApart, writeMapperDirectory, writeSafetensors } from '@housestyle/checkpoints';
import { DomainError } from '@housestyle/domain';
import { findSurroundings } from '../import/mapper-surroundings.js';

/** Of a transformer in the official code; its weights do not say. */
const NUM_HEADS = 8;

/**
 * Splits ClipCap's checkpoint into the mapper and, where it was tuned with it, the GPT-2 of the base model in `folder`,
 * whose other parts are there.
 * @throws DomainError as `housestyle import clipcap`
 */
export async function importWeights(
  weights: string,
  folder: string,
  { isPrefixNormalized, isGpt2Tuned }: { readonly isPrefixNormalized: boolean; readonly isGpt2Tuned: boolean },
): Promise<void> {
  const file = PyTorchFile.open(weights);
  try {
    const parts = takeApart(file);
    const around = await findSurroundings(parts, { base: folder, mapperOnly: false });
    const mapper = mapperConfigOf(parts.mapper, { ...around, numHeads: NUM_HEADS, isPrefixNormalized });
    if (isGpt2Tuned) {
      if (!parts.gpt2) throw new DomainError('invalid_model', `${weights} holds no GPT-2, and the mapper needs its own`);
      await writeSafetensors(join(folder, 'gpt2/model.safetensors'), parts.gpt2.tensors(), { format: 'pt' });
      if (!parts.isHeadTied) {
        const config = { ...around.gpt2Config, tie_word_embeddings: false };
        await writeFile(join(folder, 'gpt2/config.json'), `${JSON.stringify(config, undefined, 1)}\n`);
      }
    }
    await writeMapperDirectory(join(folder, 'mapper'), { config: mapperJsonOf(mapper), tensors: parts.mapper.tensors() });
  } finally {
    file.close();
  }
}
