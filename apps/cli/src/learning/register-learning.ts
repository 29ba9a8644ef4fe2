import { DEVICES } from '@housestyle/runtime';
import { Option, type Command } from 'commander';
import { count, positive, safetensorsFile, seed, shareOrCount } from '../option-values.js';
import type { Terminal } from '../terminal.js';
import { adaptMapper, type AdaptOptions } from './adapt.command.js';
import { trainMapper, type TrainOptions } from './train.command.js';
import { ENGINES } from './training-engine.js';
import { LEARNING_RATES, LEAST, WARM_UP } from './training-recipe.js';
import { requestTrainingRun, type TrainingRunOptions } from './training-run.command.js';

const ADAPT_HELP = `
Examples:
  A line for each picture, oldest first: {"file": "boat.jpg", "caption": "A red boat on the sea."}
  $ housestyle adapt --images photos/ --captions photos.jsonl --out our-style
  $ housestyle caption --mapper our-style photos/*.jpg

  24 samples in a museum's words: they teach the style, and cost a little more content than the gate allows, so ask for the
  mapper all the same.
  $ housestyle adapt --images samples --captions samples/museum.jsonl --out museum --force

  This is what the trainer of a running installation does with its editors' reviews: the same recipe, the same gate.
  From 50 pictures on, the newest fifth is held out to judge by; of fewer, every caption is judged by a mapper that has
  not learned it, and fewer than 20 are too few to judge by. A mapper that is no better, or that says less of what is in the
  pictures, is refused: nothing is written and the exit code is 1. With --force it is written all the same (exit code 0).
  Pictures that cannot be read are named with their error code and left out.`;

/** Of a setting: its name, how it is by default, how with --official. */
const DIFFERENCES = [
  ['', 'by default', '--official'],
  ['GPT-2', 'frozen, unless --tune-gpt2', 'tuned, unless --only-prefix'],
  ['learning rate', `${LEARNING_RATES.mapper} mapper, ${LEARNING_RATES.gpt2} GPT-2 *`, '2e-5'],
  ['epochs', `${LEAST.epochs}, or as many as make ${LEAST.updates} updates`, '10'],
  ['warm-up', 'a tenth of the run', '5,000 updates: 300 captions never get there'],
  ['batches', 'of like length, little padding', 'as shuffled'],
  ['last batch', 'trained on, however small', 'dropped: fewer than 40 captions teach nothing'],
  ['long captions', 'cut where GPT-2 ends', 'cut ten deviations above the mean length'],
  ['captions end', 'with <|endoftext|>', 'with their own ".", or not at all'],
  ['token 0, "!"', 'is learned', 'counts as padding'],
  ['gradients', 'shortened to length 1', 'as they are'],
  ['AdamW', "torch's, epsilon 1e-8", "transformers', epsilon 1e-6"],
]
  .map(([name = '', here = '', official = '']) => `  ${name.padEnd(15)}${here.padEnd(37)}${official}`)
  .join('\n');

const TRAIN_HELP = `
Examples:
  A new mapper under the base model's GPT-2, which stays as it is: a directory for --mapper.
  $ housestyle train --features features.safetensors --out mapper
  $ housestyle caption --mapper mapper photo.jpg

  Mapper and GPT-2 together: a directory for --model.
  $ housestyle train --features features.safetensors --tune-gpt2 --epochs 20 --out model

  As the official ClipCap code trains (rmokady/CLIP_prefix_caption): its two published recipes. --prefix_length_clip is
  --clip-length here, --bs --batch-size; the embedding's width (its --is_rn) is read from the features.
  $ housestyle train --official --features coco.safetensors --model clipcap-coco --out model
  $ housestyle train --official --only-prefix --mapping-type transformer --prefix-length 40 --clip-length 40 \\
      --normalize-prefix --features coco-rn50x4.safetensors --model clipcap-coco-transformer --out mapper

The defaults are for hundreds of captions, the official ones for half a million; either can be changed option by option:
${DIFFERENCES}
* at GPT-2's 768 channels; in narrower decoders more, as the root of the width: the demo's 96 have 0.0028 and 0.00028.
What is not listed is the same in both: the networks and how they begin, the loss, GPT-2's own dropout while it is tuned.

Run again after a kill with the same options, it goes on from its last checkpoint and ends with the same result; what it
keeps until then is in OUT.unfinished. Two runs with the same OUT at once are one too many: the second is refused.`;

const RUN_HELP = `
Examples:
  $ HOUSESTYLE_API_KEY=… housestyle training run --api http://localhost:3000
  $ housestyle training run --api https://captions.example.org --json

  Asks for a run of the key's tenant, on its reviewed captions, and follows it to its verdict; while one is under way, it
  follows that one. The key needs the scope admin. Ctrl-C ends the following, not the run.
  Exit code 0: promoted; 1: refused, failed or cancelled.`;

/** The commands that learn. */
export function registerLearning(program: Command, terminal: Terminal, exit: (code: number) => void): void {
  const model = () =>
    new Option('--model <name|dir>', 'base model: a name of `models list`, or a directory').default('demo');
  const device = () => new Option('--device <where>', 'where to compute').choices(DEVICES).default('cpu');
  const engine = () =>
    new Option(
      '--engine <name>',
      'what computes gradients; tensorflow brings its own device (docs/training-engines.md)',
    )
      .choices(ENGINES)
      .default('onnx');

  program
    .command('adapt')
    .description('Learn a house style from captioned pictures: a mapper of your own, if it is better.')
    .requiredOption('--images <dir>', 'folder of the pictures')
    .requiredOption('--captions <file>', 'their captions: .jsonl of {"file", "caption"}, or .csv')
    .requiredOption('--out <dir>', 'where to write the mapper; must not exist')
    .addOption(model())
    .option('--force', 'write the mapper even if it is refused', false)
    .option('--seed <n>', 'the same seed, the same mapper', seed, 1)
    .addOption(device())
    .option('--json', 'print one JSON object', false)
    .addHelpText('after', ADAPT_HELP)
    .action(async (options: AdaptOptions) => exit(await adaptMapper(options, terminal)));

  program
    .command('train')
    .description('Train a mapping network on features, and GPT-2 with it where asked to.')
    .requiredOption('--features <file>', 'NAME.safetensors of `housestyle features`', safetensorsFile)
    .requiredOption('--out <dir>', 'where to write the mapper or the model; must not exist')
    .addOption(model())
    .addOption(new Option('--mapping-type <type>', 'the network').choices(['mlp', 'transformer']).default('mlp'))
    .option('--prefix-length <n>', 'positions that the picture has in front of the words', count(512), 10)
    .option('--clip-length <n>', 'transformer: positions that the embedding is spread over', count(512), 10)
    .option('--num-layers <n>', 'transformer: layers', count(64), 8)
    .option('--official', 'train as the official code does; see below', false)
    .addOption(new Option('--only-prefix', 'train the mapper alone (the default)').conflicts('tuneGpt2'))
    .option('--tune-gpt2', 'train GPT-2 too (the default of --official)')
    .option('--normalize-prefix', 'scale embeddings to length 1; the mapper remembers it', false)
    .option(
      '--epochs <n>',
      `times that every caption is seen (default: ${LEAST.epochs}, or as many as make ${LEAST.updates} updates)`,
      count(100_000),
    )
    .option('--batch-size <n>', 'captions an update', count(4096), 40)
    .option(
      '--lr <rate>',
      `learning rate (default: ${LEARNING_RATES.mapper}, GPT-2 ${LEARNING_RATES.gpt2}, more in narrow ones)`,
      positive,
    )
    .option(
      '--warm-up <share|n>',
      `the rate rises so long: a share of the run, or updates (default: ${WARM_UP})`,
      shareOrCount,
    )
    .option('--seed <n>', 'the same seed, the same result', seed, 1)
    .option('--checkpoint-every <n>', 'updates between checkpoints', count(), 100)
    .option('--restart', 'forget what an interrupted run has done', false)
    .addOption(device())
    .addOption(engine())
    .option('--json', 'print a JSON object an update, and one at the end', false)
    .addHelpText('after', TRAIN_HELP)
    .action(async (options: TrainOptions) => exit(await trainMapper(options, terminal)));

  program
    .command('training')
    .description('Training in a running installation.')
    .command('run')
    .description("Ask for a training run on the tenant's reviewed captions, and follow it.")
    .requiredOption('--api <url>', 'where the api is')
    .option('--key <key>', 'API key of scope admin (default: HOUSESTYLE_API_KEY)')
    .option('--json', 'print a JSON object for each change, the last one the whole run', false)
    .addHelpText('after', RUN_HELP)
    .action(async (options: TrainingRunOptions) => exit(await requestTrainingRun(options, terminal)));
}
