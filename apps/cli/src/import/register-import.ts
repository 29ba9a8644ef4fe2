import type { Command } from 'commander';
import { count } from '../option-values.js';
import type { Terminal } from '../terminal.js';
import { importClip, type ImportClipOptions } from './import-clip.command.js';
import { importClipCap, type ImportClipCapOptions } from './import-clipcap.command.js';

const CLIPCAP_HELP = `
Examples:
  The official COCO or Conceptual weights: an MLP for CLIP ViT-B/32 and the GPT-2 that was tuned with it. The two folders
  are openai/clip-vit-base-patch32 and gpt2 as Hugging Face's hub has them.
  $ housestyle import clipcap coco_weights.pt --clip clip-vit-base-patch32 --gpt2 gpt2 --out models/clipcap-coco
  $ housestyle caption --model models/clipcap-coco photo.jpg

  The official COCO transformer: RN50x4, a plain GPT-2, embeddings of length 1.
  $ housestyle import clipcap transformer_weights.pt --normalize-prefix --clip clip-rn50x4 --gpt2 gpt2 --out model

  With CLIP and GPT-2 of a model that is here already.
  $ housestyle import clipcap my_checkpoint-009.pt --base models/clipcap-coco --out models/ours

  The mapper alone, to be used with any base that it fits.
  $ housestyle import clipcap my_checkpoint-009.pt --mapper-only --out mapper
  $ housestyle caption --model models/clipcap-coco --mapper mapper photo.jpg

  What the weights tell is read from them: the kind of mapper from the names of its tensors, prefix length, clip length,
  layers and widths from their shapes. What they do not tell has to be said: whether a transformer was trained on
  embeddings of length 1 (--normalize-prefix of train.py), and its heads if they are not 8.
  With or without gpt.*: without, or when it equals the GPT-2 given (--only_prefix saved it all the same), that one is
  taken; otherwise the checkpoint's own goes into the model.

  The file is read as data: no instruction in it is ever run. What is not a tensor, a number, a text or a dict of those is
  refused by its name (unsafe_checkpoint). Files from before PyTorch 1.6 and TorchScript archives are refused with the line
  of Python that converts them (unsupported_checkpoint). Values go from file to file in pieces of a megabyte.`;

const CLIP_HELP = `
Example:
  RN50x4, which the official COCO transformer was trained on. OpenAI's own RN50x4.pt is a TorchScript archive, a program:
  take the weights out with PyTorch, once, if you trust it. The tokenizer is the same for every CLIP of OpenAI's, as in
  openai/clip-vit-base-patch32 on Hugging Face's hub.
  $ python -c "import torch; torch.save(dict(torch.jit.load('RN50x4.pt', map_location='cpu').state_dict()), 'rn50x4.pt')"
  $ housestyle import clip rn50x4.pt --tokenizer clip-vit-base-patch32 --out clip-rn50x4
  $ housestyle import clipcap transformer_weights.pt --normalize-prefix --clip clip-rn50x4 --gpt2 gpt2 --out model

  ResNets and Vision Transformers; every size is read from the shapes of the tensors.`;

/** The commands that bring weights along. */
export function registerImport(program: Command, terminal: Terminal, exit: (code: number) => void): void {
  const imports = program.command('import').description('Bring weights of the official code along.');
  imports
    .command('clip')
    .description("Make a CLIP folder of a state dict under OpenAI's names, a .pt file of torch.save.")
    .argument('<weights>', 'the state dict')
    .requiredOption('--tokenizer <dir>', "folder with CLIP's vocab.json and merges.txt")
    .requiredOption('--out <dir>', 'where to write the folder; must not exist')
    .addHelpText('after', CLIP_HELP)
    .action(async (weights: string, options: ImportClipOptions) => exit(await importClip(weights, options, terminal)));
  imports
    .command('clipcap')
    .description('Make a model directory of a ClipCap checkpoint, a .pt file of torch.save.')
    .argument('<weights>', 'the checkpoint')
    .requiredOption('--out <dir>', 'where to write the model; must not exist')
    .option('--base <name|dir>', 'model to take CLIP, GPT-2 and their tokenizers from')
    .option('--clip <name|dir>', "CLIP's folder, or a model that has it (default: --base)")
    .option('--gpt2 <name|dir>', "the plain GPT-2's folder, or a model that has it (default: --base)")
    .option('--name <name>', "the model's name (default: the folder's)")
    .option('--licence <text>', 'licence of the weights, to be shown by `models list`')
    .option('--normalize-prefix', 'the mapper was trained on embeddings of length 1')
    .option('--no-normalize-prefix', 'it was trained on embeddings as CLIP gives them (MLP and linear: the default)')
    .option('--num-heads <n>', "a transformer's heads", count(1024), 8)
    .option('--mapper-only', 'write a mapper directory, without CLIP and GPT-2', false)
    .option('--json', 'print a JSON object', false)
    .addHelpText('after', CLIPCAP_HELP)
    .action(async (weights: string, options: ImportClipCapOptions) =>
      exit(await importClipCap(weights, options, terminal)),
    );
}
