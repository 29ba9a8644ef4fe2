import { createRequire } from 'node:module';
import { DEVICES } from '@housestyle/runtime';
import { Command, Help, Option } from 'commander';
import { migrateDatabase } from './administration.command.js';
import { registerBench } from './bench/register-bench.js';
import { captionPictures, type CaptionOptions } from './caption.command.js';
import { registerEvaluation } from './evaluation/register-evaluation.js';
import { registerFeatures } from './features/register-features.js';
import { addGenerationOptions, contradictionIn } from './generation-options.js';
import { registerImport } from './import/register-import.js';
import { registerInterpret } from './interpret/register-interpret.js';
import { registerLearning } from './learning/register-learning.js';
import { registerModels } from './models/register-models.js';
import { precision } from './option-values.js';
import { registerRedrive } from './redrive/register-redrive.js';
import { registerReproduce } from './reproduce/register-reproduce.js';
import { registerTenants } from './tenants/register-tenants.js';
import type { Terminal } from './terminal.js';

const { version } = createRequire(import.meta.url)('../package.json') as { version: string };

const PROGRAM_EXAMPLES = `
Examples:
  $ housestyle caption samples/samples-00000.png
  $ housestyle caption --json samples/*.png > captions.jsonl
  $ housestyle interpret samples/samples-00000.png
  $ housestyle evaluate --references captions.json --hypotheses results.json
  $ housestyle adapt --images photos/ --captions photos.jsonl --out our-style
  $ housestyle features folder --images photos/ --captions photos.jsonl --out features.safetensors
  $ housestyle train --features features.safetensors --out mapper
  $ housestyle models pull clipcap-coco

Exit codes: 0 everything worked, 1 something failed, 2 the command line was wrong.`;

const CAPTION_EXAMPLES = `
Examples:
  One picture, one line: its path, a tab, its caption.
  $ housestyle caption samples/samples-00000.png

  One JSON object a line, with every beam's caption, score (mean log-probability per token) and tokens, best first.
  $ housestyle caption --json samples/*.png

  Another mapper on the same base model, greedily, at most 20 tokens.
  $ housestyle caption --mapper models/demo/mapper-transformer --decode greedy --max-new-tokens 20 photo.jpg

  Three candidates drawn by their probability, a line each with its score; the same seed draws the same again.
  $ housestyle caption --decode sample --temperature 0.8 --top-p 0.9 --seed 7 --num-return-sequences 3 photo.jpg

  Beams that compete as in Hugging Face's generate.
  $ housestyle caption --scoring hf --length-penalty 0.8 photo.jpg

  A picture that cannot be read is named on stderr with its error code (and in its JSON line: {"image", "error"}); the
  others go on, and the exit code is 1.`;

const MIGRATE_EXAMPLES = `
  Needs DATABASE_URL, as an administrator. The apps do this themselves when they are given that URL; run it here when
  they only get DATABASE_APP_URL and DATABASE_QUEUE_URL. Safe to run again, and while the apps are running.`;

/** The command line. Commands tell their exit code through `exit`; usage errors are thrown as CommanderError. */
export function createProgram(terminal: Terminal, exit: (code: number) => void): Command {
  const program = new Command('housestyle')
    .description('Captions pictures in a house style: CLIP, a mapping network, GPT-2.')
    .version(version, '-V, --version')
    .addHelpText('after', PROGRAM_EXAMPLES)
    .showHelpAfterError('(add --help for the options and examples)')
    .configureHelp({ optionDescription })
    .exitOverride()
    .configureOutput({ writeErr: (text) => terminal.complain(text.trimEnd()) });

  const caption = program
    .command('caption')
    .description('Caption picture files (JPEG, PNG, WebP, GIF, TIFF, AVIF).')
    .argument('<image...>', 'picture files')
    .option('--model <name|dir>', 'base model: one of `housestyle models list`, or a directory', 'demo')
    .option('--mapper <dir>', "mapper directory to use instead of the base model's own");
  addGenerationOptions(caption)
    .addOption(new Option('--device <where>', 'where to compute').choices(DEVICES).default('cpu'))
    .addOption(precision())
    .option(
      '--shrink-on-load',
      'decode large JPEG and WebP pictures at a fraction of their size: quicker, changes a caption now and then',
      false,
    )
    .option('--json', 'print one JSON object per picture', false)
    .option('--embedding', "add CLIP's image embedding to the JSON", false)
    .addHelpText('after', CAPTION_EXAMPLES)
    .action(async (images: string[], options: CaptionOptions) => {
      if (options.embedding && !options.json) program.error('error: --embedding needs --json');
      const contradiction = contradictionIn(options);
      if (contradiction) program.error(`error: ${contradiction}`);
      exit(await captionPictures(images, options, terminal));
    });

  program
    .command('migrate')
    .description('Bring the database up to date.')
    .addHelpText('after', MIGRATE_EXAMPLES)
    .action(async () => exit(await migrateDatabase(terminal)));

  registerTenants(program, terminal, exit);
  registerEvaluation(program, terminal, exit);
  registerFeatures(program, terminal, exit);
  registerModels(program, terminal, exit);
  registerInterpret(program, terminal, exit);
  registerLearning(program, terminal, exit);
  registerImport(program, terminal, exit);
  registerRedrive(program, terminal, exit);
  registerReproduce(program, terminal, exit);
  registerBench(program, terminal, exit);

  return program;
}

/** That a flag is off unless it is given goes without saying. */
const optionDescription = (option: Option): string =>
  new Help().optionDescription(option).replace(' (default: false)', '');
