import { countBytes, countValues, openAiClipIn, PyTorchFile, writeClipFolder } from '@housestyle/checkpoints';
import { describeOpenAiClip } from '@housestyle/clipcap';
import { DomainError } from '@housestyle/domain';
import { ProgressBar } from '../progress-bar.js';
import { EXIT_OK, type Terminal } from '../terminal.js';
import { grouped } from '../wording.js';
import { exists, folderOfPart } from './part-folders.js';

export interface ImportClipOptions {
  readonly out: string;
  /** a folder with CLIP's vocab.json and merges.txt, or a base model. */
  readonly tokenizer: string;
}

/**
 * Makes a CLIP folder of a state dict under OpenAI's names, which is read as data; values go from file to file in pieces.
 * @returns the exit code
 */
export async function importClip(
  weights: string,
  { out, tokenizer }: ImportClipOptions,
  terminal: Terminal,
): Promise<number> {
  if (await exists(out)) throw new DomainError('conflict', `${out} exists already`);
  const file = PyTorchFile.open(weights);
  try {
    const clip = openAiClipIn(file);
    const description = describeOpenAiClip(clip.shapes);
    const tensors = clip.tensors();
    const progress = new ProgressBar(terminal, 1);
    const total = countBytes(tensors);
    let written = 0;
    const onBytes = (count: number) => progress.show(megabytes((written += count)), megabytes(total), 'MB');
    await writeClipFolder(out, { ...description, tensors, tokenizer: await folderOfPart('clip', tokenizer), onBytes });
    progress.clear();
    terminal.print(out);
    terminal.print(`CLIP     ${JSON.stringify(description.config)}; ${grouped(countValues(clip.shapes))} values`);
    terminal.print(`Use it:  housestyle import clipcap WEIGHTS.pt --clip ${out} --gpt2 gpt2 --out MODEL`);
    return EXIT_OK;
  } finally {
    file.close();
  }
}

const megabytes = (bytes: number): number => Math.ceil(bytes / 1e6);
