import { countBytes, countValues, openAiClipIn, PyTorchFile, writeClipFolder } from '@housestyle/checkpoints';
import { describeOpenAiClip, openClip, type ClipModel } from '@housestyle/clipcap';
import { DomainError } from '@housestyle/domain';
import { ProgressBar } from '../progress-bar.js';
import { EXIT_OK, type Terminal } from '../terminal.js';
import { grouped } from '../wording.js';
import { exists } from './part-folders.js';

export interface ImportClipOptions {
  readonly out: string;
  /** a folder with CLIP's vocab.json and merges.txt. */
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
    await writeClipFolder(out, { ...description, tensors, tokenizer, onBytes });
    progress.clear();
    terminal.print(out);
    terminal.print(`CLIP     ${sizesOf(openClip({ ...description, weights: clip.shapes }))}`);
    terminal.print(`values   ${grouped(countValues(clip.shapes))}`);
    terminal.print(`Use it:  housestyle import clipcap WEIGHTS.pt --clip ${out} --gpt2 GPT2 --out MODEL`);
    return EXIT_OK;
  } finally {
    file.close();
  }
}

function sizesOf({ vision, imageSize, projectionDim, text }: ClipModel): string {
  const tower =
    vision.kind === 'resnet'
      ? `ResNet of ${vision.config.layers.join('-')} blocks, width ${vision.config.width}`
      : `ViT of ${vision.config.numLayers} layers, patches of ${vision.config.patchSize}`;
  return `${tower}, ${imageSize} px → embedding ${projectionDim}${text ? '' : ', without a text tower'}`;
}

const megabytes = (bytes: number): number => Math.ceil(bytes / 1e6);
