import { MAX_NEAR_WORDS } from '@housestyle/clipcap';
import { DEVICES } from '@housestyle/runtime';
import { Option, type Command } from 'commander';
import { count, precision } from '../option-values.js';
import type { Terminal } from '../terminal.js';
import { interpretPictures, type InterpretOptions } from './interpret.command.js';

const EXAMPLES = `
Examples:
  The five vocabulary words nearest to each prefix vector of a picture, with their cosines. ␣ is a word's own space.
  $ housestyle interpret samples/samples-00000.png

  What a mapper of your own makes of it; with a delta of the word table, in its own words.
  $ housestyle interpret --mapper our-style --top-k 3 photo.jpg

  One JSON object a picture: {image, prefix: [{position, norm, words: [{word, token, cosine}]}]}.
  $ housestyle interpret --json samples/*.png`;

export function registerInterpret(program: Command, terminal: Terminal, exit: (code: number) => void): void {
  program
    .command('interpret')
    .description('Say in vocabulary words what the mapper tells the decoder about pictures.')
    .argument('<image...>', 'picture files')
    .option('--model <name|dir>', 'base model: one of `housestyle models list`, or a directory', 'demo')
    .option('--mapper <dir>', "mapper directory to use instead of the base model's own")
    .option('--top-k <n>', `words of each position, 1 to ${MAX_NEAR_WORDS}`, count(MAX_NEAR_WORDS), 5)
    .addOption(new Option('--device <where>', 'where to compute').choices(DEVICES).default('cpu'))
    .addOption(precision())
    .option('--json', 'print one JSON object per picture', false)
    .addHelpText('after', EXAMPLES)
    .action(async (images: string[], options: InterpretOptions) =>
      exit(await interpretPictures(images, options, terminal)),
    );
}
