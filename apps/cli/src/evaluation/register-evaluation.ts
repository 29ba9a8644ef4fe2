import type { Command } from 'commander';
import { names } from '../option-values.js';
import type { Terminal } from '../terminal.js';
import { evaluateResults, type EvaluateOptions } from './evaluate.command.js';

const EXAMPLES = `
Examples:
  COCO captions {"images", "annotations": [{"image_id", "caption"}]} against COCO results [{"image_id", "caption"}]: a table.
  $ housestyle evaluate --references captions_val2014.json --hypotheses results.json

  One JSON object {bleu: [4], rougeL, cider, ciderD, ciderPlain}, and one a picture in a file. cider is what the COCO
  caption evaluation code and papers call CIDEr, which is CIDEr-D; ciderPlain has neither clipping nor length penalty.
  $ housestyle evaluate --references c.json --hypotheses r.json --json --per-image scores.jsonl

  Karpathy's splits: the test split, unless --split names another.
  $ housestyle evaluate --references dataset_coco.json --hypotheses results.json

  nocaps: in-domain, near-domain, out-domain, and all; in JSON under "domains".
  $ housestyle evaluate --references nocaps_val_4500_captions.json --hypotheses results.json

  Conceptual Captions: image_id is the line, from 0 on, or the URL.
  $ housestyle evaluate --references Validation_GCC-1.1.0-Validation.tsv --hypotheses results.json

  Few pictures, with CIDEr's document frequencies from many, so that figures compare.
  $ housestyle evaluate --references held-out.json --hypotheses r.json --frequencies captions_train2014.json

  METEOR and SPICE too, from a folder with meteor-1.5.jar (and data/) and spice-1.0.jar (and lib/); needs Java.
  $ housestyle evaluate --references c.json --hypotheses r.json --jars pycocoevalcap/

  Pictures of the references without a result are left out and counted on stderr.`;

/** The command that scores captions. */
export function registerEvaluation(program: Command, terminal: Terminal, exit: (code: number) => void): void {
  program
    .command('evaluate')
    .description(
      'Score captions against references: BLEU-1 to BLEU-4, ROUGE-L, CIDEr; METEOR and SPICE with their jars.',
    )
    .requiredOption(
      '--references <file>',
      'what people wrote, as COCO, nocaps, Karpathy, Conceptual or Flickr30k have it',
    )
    .requiredOption('--hypotheses <file>', 'COCO results: one caption a picture')
    .option('--split <names>', 'splits of a Karpathy file, comma-separated (default: test)', names)
    .option('--json', 'print one JSON object', false)
    .option('--per-image <file>', 'write one JSON object per picture')
    .option('--frequencies <file>', "captions to take CIDEr's document frequencies from (default: the references)")
    .option('--jars <dir>', 'directory with the METEOR 1.5 and SPICE 1.0 jars')
    .addHelpText('after', EXAMPLES)
    .action(async (options: EvaluateOptions) => exit(await evaluateResults(options, terminal)));
}
