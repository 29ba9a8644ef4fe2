import type { Command } from 'commander';
import { count } from '../option-values.js';
import type { Terminal } from '../terminal.js';
import { calibrateModel, type CalibrateOptions } from './calibrate-model.command.js';
import { listModels, type ListOptions } from './list-models.command.js';
import { pullModel, type PullOptions } from './pull-model.command.js';

const LIST_HELP = `
Examples:
  $ housestyle models list
  $ housestyle models list --json

  What can be pulled by name, from where, how large, under which licence, and what was seen of it.
  $ housestyle models list --available`;

const PULL_HELP = `
Examples:
  The official ClipCap of COCO: weights, CLIP and tokenizer from the Hugging Face hub, put together as one base model.
  $ housestyle models pull clipcap-coco
  $ housestyle caption --model clipcap-coco photo.jpg

  One whose weights are on no hub: fetch them from where \`models list --available\` says, then
  $ housestyle models pull clipcap-coco-transformer --weights coco_transformer.pt

  A repository of the hub that is a base model already (docs/models.md); a branch, a tag or a commit of it.
  $ housestyle models pull city-museum/house-style --revision v2

  Interrupted and run again, it goes on where it was. Files lie in the cache that the hub's other tools use (HF_HOME,
  HF_HUB_CACHE); HF_ENDPOINT, HF_TOKEN and HF_HUB_OFFLINE=1 mean what they mean there. The base model is put into
  MODEL_LIBRARY (.housestyle/models) under its name.`;

const CALIBRATE_HELP = `
Examples:
  Over 256 of the captions that the base model ships: its mapper and decoder in 8 bits with scales known beforehand.
  $ housestyle models calibrate demo
  $ housestyle caption --precision int8-static photo.jpg

  CLIP's layers too, over a few hundred pictures of the kind that will come.
  $ housestyle models calibrate demo --pictures samples

  Over embeddings and captions of your own, for a base model that ships none.
  $ housestyle models calibrate clipcap-coco --features features.safetensors

  What is measured is written beside the model, as calibration.safetensors, and says nothing of any tenant. --precision
  int8 uses it too where it is there.`;

/** The commands on base models. */
export function registerModels(program: Command, terminal: Terminal, exit: (code: number) => void): void {
  const models = program.command('models').description('The base models on this machine.');

  models
    .command('list')
    .description('List them: name, version, licence, provenance.')
    .option('--available', 'those that can be pulled by name instead', false)
    .option('--json', 'print one JSON object per model', false)
    .addHelpText('after', LIST_HELP)
    .action(async (options: ListOptions) => exit(await listModels(options, terminal)));

  models
    .command('calibrate')
    .description('Measure what goes into its layers, for --precision int8-static.')
    .argument('<model>', 'a name of `models list`, or a directory')
    .option('--captions <n>', 'captions that are measured', count(), 256)
    .option('--features <file>', 'embeddings and captions (see `features`), in place of those that it ships')
    .option('--pictures <dir>', "pictures that CLIP's layers are measured with; without, its rows get a scale each")
    .option('--json', 'print a JSON object', false)
    .addHelpText('after', CALIBRATE_HELP)
    .action(async (model: string, options: CalibrateOptions) => exit(await calibrateModel(model, options, terminal)));

  models
    .command('pull')
    .description('Fetch one from the Hugging Face hub.')
    .argument('<model>', 'a name of `models list --available`, or org/name of a repository')
    .option('--name <name>', 'what to call it here')
    .option('--revision <revision>', 'of a repository: branch, tag or commit (default: main)')
    .option('--weights <file>', "ClipCap's .pt, had from elsewhere, for a model of the catalogue")
    .option('--replace', 'put it in the place of another version', false)
    .option('--json', 'print a JSON object', false)
    .addHelpText('after', PULL_HELP)
    .action(async (model: string, options: PullOptions) => exit(await pullModel(model, options, terminal)));
}
