import { InvalidArgumentError, Option, type Command } from 'commander';
import type { Terminal } from '../terminal.js';
import { benchTrain, type BenchTrainOptions } from './bench-train.command.js';
import { SYNTHETIC_SIZES } from './synthetic-model.js';

const TRAIN_EXAMPLES = `
Examples:
  A training step of the MLP mapper at GPT-2's real size, on two threads.
  $ housestyle bench train --threads 2

  The transformer mapper, then GPT-2 tuned too; one JSON object.
  $ housestyle bench train --mapping-type transformer --json
  $ housestyle bench train --tune-gpt2 --json

  Weights are random (500 MB; --weights keeps them), captions are random tokens of one length, and what is measured is
  the trainer's own loop: loss and gradients, the gradients' norm, AdamW.`;

/** The commands that measure. */
export function registerBench(program: Command, terminal: Terminal, exit: (code: number) => void): void {
  const bench = program.command('bench').description('Measure how fast this machine is.');
  bench
    .command('train')
    .description('Measure training steps: seconds, tokens per second, peak memory.')
    .addOption(new Option('--synthetic <size>', 'random weights of this size').choices(SIZES).default('gpt2'))
    .addOption(new Option('--mapping-type <type>', 'the mapper').choices(['mlp', 'transformer']).default('mlp'))
    .option('--tune-gpt2', 'train all of GPT-2 too', false)
    .option('--batch-size <n>', 'captions in a step', wholeNumber(1), 40)
    .option('--prefix-length <n>', "positions of the mapper's prefix", wholeNumber(1), 10)
    .option('--clip-length <n>', 'transformer: positions the image embedding is spread over', wholeNumber(1), 10)
    .option('--caption-length <n>', 'tokens of a caption', wholeNumber(2), 14)
    .option('--steps <n>', 'steps that are measured', wholeNumber(1), 5)
    .option('--warm-up <n>', 'steps before them', wholeNumber(0), 1)
    .option('--threads <n>', 'threads of one operator', wholeNumber(1), 2)
    .option('--weights <dir>', 'keep the random weights and the batch there, and use them again')
    .option('--paced', 'take a step for each line of standard input, and print its figures as JSON', false)
    .option('--json', 'print one JSON object', false)
    .addHelpText('after', TRAIN_EXAMPLES)
    .action(async (options: BenchTrainOptions) => exit(await benchTrain(options, terminal)));
}

const SIZES = Object.keys(SYNTHETIC_SIZES);

function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= least) return value;
    throw new InvalidArgumentError(`Give ${least} or more.`);
  };
}
