import { DEVICES } from '@housestyle/runtime';
import { Option, type Command } from 'commander';
import type { DatasetFormat } from '../datasets/open-dataset.js';
import { count, names, safetensorsFile } from '../option-values.js';
import type { Terminal } from '../terminal.js';
import {
  conceptualFeatures,
  datasetFeatures,
  folderFeatures,
  type ConceptualFeaturesOptions,
  type LocalFeaturesOptions,
} from './features.command.js';
import { importFeatures, type ImportFeaturesOptions } from './import-features.command.js';

const ALL_HELP = `
  Writes NAME.safetensors (image_embeds, a row a picture, fp32, not normalised) and NAME.jsonl (a line a caption:
  {"file", "row", "caption"}). Interrupted, even killed, and run again, it goes on where it was.
  Pictures that cannot be read are left out and listed, with the reasons, in NAME.failures.jsonl; then the exit code is 1.`;

const FOLDER_HELP = `
Examples:
  Pictures of a folder with their captions, from JSON lines {"file", "caption"} or a .csv with such a header.
  $ housestyle features folder --images photos/ --captions photos.csv --out features.safetensors
${ALL_HELP}`;

const COCO_HELP = `
Examples:
  Karpathy's splits; train2014/ and val2014/ are in coco/. Without --split: train and restval, as is usual.
  $ housestyle features coco --captions dataset_coco.json --images coco/ --out coco.safetensors
  $ housestyle features coco --captions dataset_coco.json --images coco/ --split test --out coco-test.safetensors

  COCO's own file, or the official ClipCap code's train_caption.json.
  $ housestyle features coco --captions captions_train2014.json --images coco/train2014/ --out coco.safetensors
${ALL_HELP}`;

const FLICKR_HELP = `
Examples:
  Karpathy's splits, the dataset's own file of captions, or the table that it is passed on as.
  $ housestyle features flickr30k --captions dataset_flickr30k.json --images flickr30k-images/ --out flickr.safetensors
  $ housestyle features flickr30k --captions results_20130124.token --images flickr30k-images/ --out flickr.safetensors
  $ housestyle features flickr30k --captions results.csv --images flickr30k-images/ --out flickr.safetensors
${ALL_HELP}`;

const CONCEPTUAL_HELP = `
Examples:
  Lines of a caption, a tab and a URL. The pictures are downloaded, encoded and let go, or kept.
  $ housestyle features conceptual --captions Train_GCC-training.tsv --out conceptual.safetensors
  $ housestyle features conceptual --captions Train_GCC-training.tsv --keep-pictures gcc/ --out conceptual.safetensors

  URLs may lead to public addresses only, unless ALLOW_PRIVATE_ADDRESSES is set; FETCH_TIMEOUT_MS and FETCH_MAX_BYTES limit
  each download. What failed for a passing reason (no answer, 5xx, 429) is tried once more at the end, and again by the
  next start of an interrupted run. A host that has not answered ten times in a row is left alone until then.
${ALL_HELP}`;

const IMPORT_HELP = `
Examples:
  Features of the official parse_coco.py or parse_conceptual.py. The pickle is read as data: nothing in it is run, and
  what is neither tensor nor text is refused by name.
  $ housestyle features import oscar_split_ViT-B_32_train.pkl --out coco.safetensors
  $ housestyle features import oscar_split_ViT-B_32_train.pkl --model clipcap-coco --out coco.safetensors

  Half precision becomes fp32, as the official training makes it. --model notes whose CLIP made the embeddings, so that
  \`train\` refuses another's.`;

/** The commands that encode pictures. */
export function registerFeatures(program: Command, terminal: Terminal, exit: (code: number) => void): void {
  const features = program.command('features').description('Encode captioned pictures with CLIP, once, for `train`.');

  const source = (name: string, description: string, captions: string): Command =>
    features
      .command(name)
      .description(description)
      .requiredOption('--captions <file>', captions)
      .requiredOption('--out <file>', 'what to write: NAME.safetensors, and NAME.jsonl beside it', safetensorsFile)
      .addOption(
        new Option('--model <name|dir>', 'base model: a name of `models list`, or a directory').default('demo'),
      )
      .addOption(new Option('--device <where>', 'where to compute').choices(DEVICES).default('cpu'))
      .option('--json', 'print a JSON object, and one for each picture that could not be read', false);

  source('folder', 'Encode the pictures of a folder.', 'their captions: .jsonl of {"file", "caption"}, or .csv')
    .requiredOption('--images <dir>', 'folder of the pictures')
    .addHelpText('after', FOLDER_HELP)
    .action(async (options: LocalFeaturesOptions) => exit(await folderFeatures(options, terminal)));

  const local = (
    name: string,
    what: { description: string; captions: string; help: string },
    ...formats: DatasetFormat[]
  ) =>
    source(name, what.description, what.captions)
      .requiredOption('--images <dir>', 'folder of the pictures')
      .option('--split <names>', 'splits of a Karpathy file, comma-separated (default: train,restval)', names)
      .addHelpText('after', what.help)
      .action(async (options: LocalFeaturesOptions) => exit(await datasetFeatures(formats, options, terminal)));
  local(
    'coco',
    {
      description: 'Encode COCO.',
      captions: 'dataset_coco.json, captions_train2014.json or train_caption.json',
      help: COCO_HELP,
    },
    'karpathy',
    'coco',
    'coco-list',
  );
  local(
    'flickr30k',
    {
      description: 'Encode Flickr30k.',
      captions: 'dataset_flickr30k.json, results_20130124.token or results.csv',
      help: FLICKR_HELP,
    },
    'karpathy',
    'flickr30k',
  );

  source('conceptual', 'Download and encode Conceptual Captions.', 'a .tsv: a caption, a tab and a URL a line')
    .option('--keep-pictures <dir>', 'keep what is downloaded here, and take from here what is there already')
    .option('--at-once <n>', 'downloads at once', count(256), 32)
    .option('--per-host <n>', 'downloads at once from one host', count(32), 2)
    .option('--add-period', 'end every caption with ".", as the official code does', false)
    .addHelpText('after', CONCEPTUAL_HELP)
    .action(async (options: ConceptualFeaturesOptions) => exit(await conceptualFeatures(options, terminal)));

  features
    .command('import')
    .description('Take over features that the official code has pickled.')
    .argument('<pickle>', 'a .pkl of parse_coco.py or parse_conceptual.py')
    .requiredOption('--out <file>', 'what to write: NAME.safetensors, and NAME.jsonl beside it', safetensorsFile)
    .option('--model <name|dir>', 'the base model whose CLIP made them (default: not noted)')
    .option('--json', 'print a JSON object', false)
    .addHelpText('after', IMPORT_HELP)
    .action(async (pickle: string, options: ImportFeaturesOptions) =>
      exit(await importFeatures(pickle, options, terminal)),
    );
}
