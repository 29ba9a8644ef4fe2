import { InvalidArgumentError, Option, type Command } from 'commander';
import { MAX_BEAMS, PRECISIONS, type Precision } from '@housestyle/clipcap';
import { DEVICES } from '@housestyle/runtime';
import { numberWithin } from '../option-values.js';
import type { Terminal } from '../terminal.js';
import { BENCH_SIZES } from './bench-model.js';
import { benchDecode, DECODE_SOURCES, type BenchDecodeOptions } from './decode/bench-decode.command.js';
import { benchEncode, type BenchEncodeOptions } from './encode/bench-encode.command.js';
import { benchPipeline, type BenchPipelineOptions } from './pipeline/bench-pipeline.command.js';
import { SYNTHETIC_SIZES } from './synthetic/synthetic-model.js';
import { benchTrain, type BenchTrainOptions } from './train/bench-train.command.js';

const TRAIN_EXAMPLES = `
Examples:
  A training step of the MLP mapper at GPT-2's real size, on two threads.
  $ housestyle bench train --threads 2

  The transformer mapper, then GPT-2 tuned too; one JSON object.
  $ housestyle bench train --mapping-type transformer --json
  $ housestyle bench train --tune-gpt2 --json

  Weights are random (500 MB; --weights keeps them), captions are random tokens of one length, and what is measured is
  the trainer's own loop: loss and gradients, the gradients' norm, AdamW. The limit is what the step's own matrix products
  take, forward and backward, each shape measured alone behind the steps; the share reached is of processor time.`;

const DECODE_EXAMPLES = `
Examples:
  Captions of 20 tokens, 5 beams, batches of 16, at the real sizes with random weights.
  $ housestyle bench decode

  What a larger batch brings, and the curve of it.
  $ housestyle bench decode --batch 1,2,4,8,16,32,64 --plot batch.svg

  What beams cost, then how many tenants' deltas in one batch cost; one JSON object each.
  $ housestyle bench decode --num-beams 1,2,3,5,10 --json
  $ housestyle bench decode --tenants 0,1,16,64,1000 --json

  8-bit products beside fp32, in turns.
  $ housestyle bench decode --precision fp32,int8,int8-static

  Where the time goes in a step.
  $ housestyle bench decode --profile --precision fp32,int8

  From JPEG files to captions, on the model that ships with the project.
  $ housestyle bench decode --from jpeg --model demo

  The limit is measured beside every case: the decoder's own matrix products, at the case's number of rows, and nothing
  else. Seconds "of a core" are processor time, which other programs on the machine disturb least.`;

const ENCODE_EXAMPLES = `
Examples:
  Pictures of 0.3 (640 × 480) to 12 million pixels, batches of 16, ViT-B/32.
  $ housestyle bench encode

  The curve of it; what a larger batch brings to CLIP.
  $ housestyle bench encode --batch 4 --plot megapixels.svg
  $ housestyle bench encode --megapixels 0.3 --batch 1,2,4,8,16,32 --json

  What decoding large pictures at a fraction of their size saves.
  $ housestyle bench encode --megapixels 4,8,12 --shrink-on-load

  Pictures are made up, JPEG of quality 90. Times are of one picture, in milliseconds of a core. The limit is what CLIP's
  own matrix products take for as many pictures, measured once a round; the share reached is CLIP's.`;

const PIPELINE_EXAMPLES = `
Examples:
  256 pictures of two tenants through a captioner and a pipeline, each a process, with an empty embedded PostgreSQL.
  $ housestyle bench pipeline

  At the real sizes, the captioner on a core of its own, everything else on the others.
  $ housestyle bench pipeline --synthetic vit-b-32,gpt2 --captioner-cores 1

  Ten thousand pictures: whether both programs' memory stays where it is.
  $ housestyle bench pipeline --images 10000 --rounds 1 --json

  Everything is started for this and stopped again, and nothing is left. The ratio is the pipeline's rate by the rate of
  its captioner alone, which gets the same pictures already decoded. The limit is what the cores allow: the rate if they
  did nothing but captioning, preparing, decoding and PostgreSQL's part, each as long as it took; the share of it that is
  reached stands beside it. Of captioner and pipeline it tells the resident memory and what held up the event loop.`;

/** The commands that measure. */
export function registerBench(program: Command, terminal: Terminal, exit: (code: number) => void): void {
  const bench = program.command('bench').description('Measure how fast this machine is.');
  bench
    .command('train')
    .description("Measure training steps: seconds, tokens per second, peak memory, against the machine's limit.")
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
    .option('--no-roofline', 'do not measure what the matrix products alone take')
    .option('--weights <dir>', 'keep the random weights and the batch there, and use them again')
    .option('--paced', 'take a step for each line of standard input, and print its figures as JSON', false)
    .option('--json', 'print one JSON object', false)
    .addHelpText('after', TRAIN_EXAMPLES)
    .action(async (options: BenchTrainOptions) => exit(await benchTrain(options, terminal)));

  addModelOptions(bench.command('decode'))
    .description("Measure GPT-2's beam search: images and tokens per second, against the machine's limit.")
    .addOption(
      new Option('--from <what>', "begin with the mapper's prefixes, or with 640 × 480 JPEG files")
        .choices(DECODE_SOURCES)
        .default('prefix'),
    )
    .option('--batch <n,…>', 'images captioned together', numbers(1), [16])
    .option('--num-beams <n,…>', 'beams of an image', numbers(1, MAX_BEAMS), [5])
    .option('--tokens <n,…>', 'length of every caption: the stop token is ignored', numbers(1), [20])
    .option('--tenants <n,…>', 'tenants whose rank-8 deltas of the decoder are mixed; 0: no deltas', numbers(0), [0])
    .option('--precision <p,…>', `what linear layers are computed in: ${PRECISIONS.join(', ')}`, precisions, ['fp32'])
    .option('--no-roofline', "do not measure what the matrix products alone take: it wants the decoder's memory again")
    .option('--profile', "where a step's time goes, by onnxruntime's own clock, in place of rates", false)
    .option('--paced', 'take a run for each line of standard input, and print its captions as JSON', false)
    .addHelpText('after', DECODE_EXAMPLES)
    .action(async (options: BenchDecodeOptions) => exit(await benchDecode(options, terminal)));

  addModelOptions(bench.command('encode'))
    .description("Measure the way from a JPEG to the prefix: decode, resize, CLIP against the machine's limit, mapper.")
    .option('--megapixels <n,…>', 'sizes of the pictures', sizes, [0.3, 1, 2, 4, 8, 12])
    .option('--batch <n,…>', 'images that go through CLIP together', numbers(1), [16])
    .option('--precision <p,…>', `what CLIP and the mapper compute in: ${PRECISIONS.join(', ')}`, precisions, ['fp32'])
    .option('--no-roofline', "do not measure what CLIP's matrix products alone take: it wants CLIP's memory again")
    .option('--shrink-on-load', 'every case also with large pictures decoded at a fraction of their size', false)
    .addHelpText('after', ENCODE_EXAMPLES)
    .action(async (options: BenchEncodeOptions) => exit(await benchEncode(options, terminal)));

  bench
    .command('pipeline')
    .description('Measure the running pipeline, from landed rows to suggestions, against its captioner alone.')
    .option('--model <name|dir>', 'base model', 'demo')
    .addOption(
      new Option('--synthetic <sizes>', 'random weights of these sizes, in place of a base model').choices(
        Object.keys(BENCH_SIZES),
      ),
    )
    .option('--weights <dir>', 'where the random weights are kept (0.9 GB at real size)', '.housestyle/bench')
    .addOption(new Option('--precision <p>', "the captioner's").choices(PRECISIONS).default('fp32'))
    .option('--captioner-cores <n>', 'the last n cores are only its own (Linux); 0: all share all', wholeNumber(0), 0)
    .option('--images <n>', 'pictures in a run', wholeNumber(1), 256)
    .option('--tenants <n>', 'whose they are', wholeNumber(1), 2)
    .option('--megapixels <n>', 'size of the pictures; 0.3 is 640 × 480', numberWithin(0.1, 100), 0.3)
    .option('--rounds <n>', 'runs of either side, in turns; one of each goes before them', wholeNumber(1), 3)
    .option('--json', 'print one JSON object', false)
    .addHelpText('after', PIPELINE_EXAMPLES)
    .action(async (options: BenchPipelineOptions) => exit(await benchPipeline(options, terminal)));
}

/** What the commands about the model share. */
function addModelOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--synthetic <sizes>', 'random weights of these sizes')
        .choices(Object.keys(BENCH_SIZES))
        .default('vit-b-32,gpt2'),
    )
    .option('--model <name|dir>', 'a base model, in place of random weights')
    .addOption(
      new Option('--device <where>', 'where to compute; on a GPU no limit is measured').choices(DEVICES).default('cpu'),
    )
    .option('--threads <n>', 'threads of one operator', wholeNumber(1), 1)
    .option('--rounds <n>', 'times that each case is measured, in turns', wholeNumber(1), 5)
    .option('--warm-up <n>', 'rounds before them', wholeNumber(0), 1)
    .option('--weights <dir>', 'where the random weights are kept (0.9 GB at real size)', '.housestyle/bench')
    .option('--plot <file.svg>', 'draw the curve along the number with most values, a line for each other one')
    .option('--json', 'print one JSON object', false);
}

const SIZES = Object.keys(SYNTHETIC_SIZES);

function wholeNumber(least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(
      most < Number.MAX_SAFE_INTEGER ? `Give ${least} to ${most}.` : `Give ${least} or more.`,
    );
  };
}

/** Whole numbers, comma-separated. */
function numbers(least: number, most?: number): (text: string) => number[] {
  return (text) => text.split(',').map(wholeNumber(least, most));
}

/** Millions of pixels, comma-separated. */
const sizes = (text: string): number[] => text.split(',').map(numberWithin(0.1, 100));

function precisions(text: string): Precision[] {
  return text.split(',').map((name) => {
    const known = PRECISIONS.find((precision) => precision === name);
    if (known) return known;
    throw new InvalidArgumentError(`Allowed choices are ${PRECISIONS.join(', ')}.`);
  });
}
