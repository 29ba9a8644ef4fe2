import { link, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A captioner of random weights: where they lie, and Hugging Face's and ClipCap's configurations of them. */
export interface SyntheticParts {
  readonly files: { readonly clip: string; readonly gpt2: string; readonly mapper: string };
  readonly configs: {
    readonly clip: object;
    readonly gpt2: { readonly vocab_size: number };
    readonly mapper: object;
  };
}

/**
 * A base model's folder of random weights, for programs that open one. Its words are made up, and one in `STOP_EVERY` ends
 * a caption.
 * @param folder on the same disk as the weights, which are linked, not copied
 */
export async function writeSyntheticFolder(folder: string, { files, configs }: SyntheticParts): Promise<void> {
  const write = (file: string, content: object): Promise<void> =>
    writeFile(join(folder, file), JSON.stringify(content));
  const words = configs.gpt2.vocab_size;
  const stop = Array.from({ length: Math.floor(words / STOP_EVERY) }, (_, n) => n * STOP_EVERY);
  for (const part of ['clip', 'gpt2', 'mapper'] as const) {
    await mkdir(join(folder, part), { recursive: true });
    await link(files[part], join(folder, part, 'model.safetensors'));
  }
  await write('clip/config.json', configs.clip);
  await write('clip/preprocessor_config.json', {});
  await write('gpt2/config.json', configs.gpt2);
  await write('mapper/config.json', { ...configs.mapper, generation: { stop } });
  for (const part of ['clip', 'gpt2']) {
    await write(`${part}/vocab.json`, madeUpVocabulary(words));
    await writeFile(join(folder, part, 'merges.txt'), '#version: 0.2\n');
  }
}

/** captions of random weights end where they happen to */
const STOP_EVERY = 16;

function madeUpVocabulary(size: number): Readonly<Record<string, number>> {
  const special = ['.', '<|startoftext|>', '<|endoftext|>'];
  const tokens = Array.from({ length: size }, (_, n) => special[n] ?? `\u0120w${n}`);
  return Object.fromEntries(tokens.map((token, id) => [token, id]));
}
