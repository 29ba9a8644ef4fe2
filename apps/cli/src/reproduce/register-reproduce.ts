import { DEVICES } from '@housestyle/runtime';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { ENGINES } from '../learning/training-engine.js';
import { count, positive, safetensorsFile, seed, shareOrCount } from '../option-values.js';
import type { Terminal } from '../terminal.js';
import { PREFIX_LENGTHS } from './grid-cell.js';
import { reproduce, type Experiment, type NamedFile, type ReproduceOptions } from './reproduce.command.js';

const HELP = `
Examples:
  Both mappers, with GPT-2 tuned and frozen, on COCO and on nocaps; METEOR and SPICE with their jars.
  $ housestyle reproduce table-1 --official --model clipcap-coco --train coco-train.safetensors \\
      --test coco=coco-test.safetensors --test nocaps=nocaps-val.safetensors --domains nocaps_val_4500_captions.json \\
      --jars pycocoevalcap/ --out table-1

  On what ships with the project: of embeddings of 32,000 pictures of the demo's world 3,000 to learn, of 1,000 new ones
  200 to score on. The official rate is for half a million captions; this one suits the demo's.
  $ housestyle features coco --captions test/parity/goldens/images/captions.json --images test/parity/goldens/images \\
      --out drawn.safetensors
  $ housestyle reproduce figure-7 --official --lr 1e-3 --warm-up 0.1 --train models/demo/replay.safetensors \\
      --train-pictures 3000 --test demo=drawn.safetensors --pictures 200 --out figure-7

  Writes OUT/table-1.md or OUT/figure-7.md and figure-7.svg, anew after every cell. Each cell that is done is a file in
  OUT/cells; interrupted and run again, it goes on with the next, or within the one it was at. The paper's numbers stand
  in the table of a test set that is called coco, nocaps or conceptual, and under the tables of any other.`;

/** The commands that run the paper's experiments. */
export function registerReproduce(program: Command, terminal: Terminal, exit: (code: number) => void): void {
  const command = program.command('reproduce').description("Run the paper's experiments on features of your own.");
  const experiment = (name: Experiment, description: string, epochs: number) =>
    command
      .command(name)
      .description(description)
      .requiredOption('--train <file>', 'features that are learned: NAME.safetensors', safetensorsFile)
      .requiredOption('--test <[name=]file>', 'features that captions are scored on; may be given again', namedFile)
      .requiredOption('--out <dir>', 'where cells, tables and plots go')
      .option('--domains <file>', "nocaps' JSON, for scores by domain")
      .option('--model <name|dir>', 'base model: a name of `models list`, or a directory', 'demo')
      .option('--official', 'train as the official code does (see `train --help`)', false)
      .option('--normalize-prefix', 'scale embeddings to length 1', false)
      .option('--epochs <n>', 'of each cell', count(100_000), epochs)
      .option('--batch-size <n>', 'captions an update', count(4096), 40)
      .option('--lr <rate>', 'learning rate (default: as `train`)', positive)
      .option('--warm-up <share|n>', 'the rate rises so long (default: as `train`)', shareOrCount)
      .option('--clip-length <n>', 'transformer: positions that the embedding is spread over', count(512), 10)
      .option('--num-layers <n>', 'transformer: layers', count(64), 8)
      .option('--train-pictures <n>', 'learned, evenly out of all (default: all)', count())
      .option('--pictures <n>', 'scored of each test set, evenly out of all (default: all)', count())
      .option('--num-beams <n>', 'beams that captions are searched with', count(16), 5)
      .option('--jars <dir>', 'directory with the METEOR 1.5 and SPICE 1.0 jars')
      .option('--keep-models', 'do not delete a model once it is scored: OUT/models', false)
      .option('--seed <n>', 'the same seed, the same figures', seed, 1)
      .addOption(new Option('--device <where>', 'where to compute').choices(DEVICES).default('cpu'))
      .addOption(new Option('--engine <name>', 'what computes gradients').choices(ENGINES).default('onnx'))
      .option('--json', 'print a JSON object for each cell, and one at the end', false)
      .addHelpText('after', HELP)
      .action(async (options: ReproduceOptions) => exit(await reproduce(name, options, terminal)));
  experiment('table-1', 'Both mappers, with GPT-2 tuned and frozen: metrics, parameters, time.', 10).option(
    '--prefix-length <n>',
    'positions that the picture has in front of the words',
    count(512),
    10,
  );
  experiment('figure-7', 'Scores by prefix length, on pictures that were learned and on others.', 5).option(
    '--prefix-lengths <list>',
    'prefix lengths',
    lengths,
    [...PREFIX_LENGTHS],
  );
}

/** `coco=FILE`, or a file, called as it is. */
function namedFile(text: string, before: readonly NamedFile[] = []): NamedFile[] {
  const [, name, file] = /^(?:([\w-]+)=)?(.+)$/.exec(text)!;
  safetensorsFile(file!);
  const named = { name: name ?? file!.replace(/^.*[\\/]/, '').replace(/\.safetensors$/, ''), file: file! };
  if (before.some((other) => other.name === named.name)) {
    throw new InvalidArgumentError(`Two test sets are called ${named.name}; give names, NAME=FILE.`);
  }
  return [...before, named];
}

function lengths(text: string): number[] {
  return [...new Set(text.split(',').map((length) => count(512)(length)))];
}
