import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import {
  describeBaseModel,
  readFeatures,
  withFileLock,
  writeFeatures,
  type BaseModelDescription,
} from '@housestyle/checkpoints';
import type { Device } from '@housestyle/runtime';
import { OfficialJars } from '../evaluation/official-jars.js';
import { sha256OfFile } from '../learning/file-sha256.js';
import { claimRunFolder } from '../learning/run-folder.js';
import { expectSameClip } from '../learning/same-clip.js';
import type { EngineName } from '../learning/training-engine.js';
import { ModelLibrary } from '../model-library.js';
import { EXIT_OK, type Terminal } from '../terminal.js';
import { CellProgress } from './cell-progress.js';
import { CellResults, type CellResult } from './cell-results.js';
import { figureReport } from './figure-7-report.js';
import { cellId, figureCells, tableCells, type GridCell } from './grid-cell.js';
import type { Report } from './report.js';
import { parseDomains, picturesOf, evenly } from './picture-set.js';
import { CellRun } from './run-cell.js';
import type { PictureSet } from './score-cell.js';
import { tableReport } from './table-1-report.js';
import { writeReport } from './write-report.js';

export interface NamedFile {
  readonly name: string;
  readonly file: string;
}

export interface ReproduceOptions {
  /** what is learned: NAME.safetensors. */
  readonly train: string;
  /** learned of them; absent: all. */
  readonly trainPictures?: number;
  readonly test: readonly NamedFile[];
  /** nocaps' own file. */
  readonly domains?: string;
  readonly model: string;
  readonly out: string;
  readonly prefixLength: number;
  readonly prefixLengths: readonly number[];
  readonly clipLength: number;
  readonly numLayers: number;
  readonly official: boolean;
  readonly normalizePrefix: boolean;
  readonly epochs: number;
  readonly batchSize: number;
  readonly lr?: number;
  readonly warmUp?: number;
  /** scored of every set; absent: all. */
  readonly pictures?: number;
  readonly numBeams: number;
  readonly jars?: string;
  readonly keepModels: boolean;
  readonly seed: number;
  readonly device: Device;
  readonly engine: EngineName;
  readonly json: boolean;
}

export type Experiment = 'table-1' | 'figure-7';

/** Trains and scores the paper's grid, a cell after the other; cells that are done stay done. @returns the exit code */
export async function reproduce(
  experiment: Experiment,
  options: ReproduceOptions,
  terminal: Terminal,
): Promise<number> {
  const refusal = `${options.out} is being filled by another process; give another --out`;
  return withFileLock(`${resolve(options.out)}.lock`, () => runGrid(experiment, options, terminal), { refusal });
}

async function runGrid(experiment: Experiment, asked: ReproduceOptions, terminal: Terminal): Promise<number> {
  const base = await (await ModelLibrary.find()).resolve(asked.model);
  const description = await describeBaseModel(base);
  const jars = asked.jars === undefined ? undefined : await OfficialJars.find(asked.jars);
  const tests = await readTests(asked, description);
  await claimRunFolder(asked.out, await settingsOf(experiment, asked, description), 'give another --out');
  const options = { ...asked, train: await featuresToLearn(asked) };
  const sets: Sets = { tests, ...(await readLearned(options, tests[0]!.pictures.length)) };
  const cells = experiment === 'table-1' ? tableCells(options.prefixLength) : figureCells(options.prefixLengths);
  const results = new CellResults(options.out);
  const report = (done: readonly CellResult[]): Report =>
    (experiment === 'table-1' ? tableReport : figureReport)(done, {
      cells: cells.length,
      captions: sets.captions,
      epochs: options.epochs,
      model: options.model,
    });
  const progress = new CellProgress(terminal, cells.length);
  const done: CellResult[] = [];
  for (const cell of cells) {
    const known = await results.find(cell);
    const result = known ?? (await runCell(cell, { sets, base, jars, options, progress, experiment }));
    if (!known) await results.keep(result);
    done.push(result);
    progress.finished(cell, result, { wasKnown: known !== undefined, json: options.json });
    await writeReport(options.out, report(done));
  }
  const { markdown, plots } = report(done);
  const files = [`${experiment}.md`, ...Object.keys(plots)].map((name) => join(options.out, name));
  terminal.print(
    options.json ? JSON.stringify({ out: options.out, files, cells: done.length }) : `${markdown}\n${files.join('\n')}`,
  );
  return EXIT_OK;
}

interface Sets {
  readonly tests: readonly PictureSet[];
  /** of what is learned, as many pictures as of the first test set. */
  readonly learned: PictureSet;
  /** that are learned. */
  readonly captions: number;
}

/** The features that are learned: as they were given, or a file of some of their pictures. */
async function featuresToLearn({ train, trainPictures, out }: ReproduceOptions): Promise<string> {
  if (trainPictures === undefined) return train;
  const { embeddings, captions, ...features } = await readFeatures(train);
  const rows = new Map(evenly([...embeddings.keys()], trainPictures).map((row, n) => [row, n]));
  const file = join(out, 'learned.safetensors');
  await writeFeatures(file, {
    ...features,
    embeddings: [...rows.keys()].map((row) => embeddings[row]!),
    captions: captions.flatMap((caption) => {
      const row = rows.get(caption.row);
      return row === undefined ? [] : [{ ...caption, row }];
    }),
  });
  return file;
}

async function readTests(
  { test, domains: file, pictures: most = Number.POSITIVE_INFINITY }: ReproduceOptions,
  description: BaseModelDescription,
): Promise<PictureSet[]> {
  const domains = file === undefined ? undefined : parseDomains(file, await readFile(file, 'utf8'));
  const tests: PictureSet[] = [];
  for (const { name, file: path } of test) {
    const features = await readFeatures(path);
    expectSameClip(path, features, description);
    tests.push({ name, pictures: evenly(picturesOf(features, domains), most) });
  }
  return tests;
}

/** @param most pictures */
async function readLearned({ train }: ReproduceOptions, most: number): Promise<Omit<Sets, 'tests'>> {
  const features = await readFeatures(train);
  const pictures = evenly(picturesOf(features), most);
  return { learned: { name: 'learned', pictures }, captions: features.captions.length };
}

interface Surroundings {
  readonly sets: Sets;
  readonly base: string;
  readonly jars: OfficialJars | undefined;
  readonly options: ReproduceOptions;
  readonly progress: CellProgress;
  readonly experiment: Experiment;
}

async function runCell(
  cell: GridCell,
  { sets, base, jars, options, progress, experiment }: Surroundings,
): Promise<CellResult> {
  const run = new CellRun(cell, join(options.out, 'models', cellId(cell)), options, progress);
  const training = await run.train();
  const scored = await run.score({
    base,
    jars,
    tests: sets.tests,
    learned: experiment === 'figure-7' ? sets.learned : undefined,
  });
  if (!options.keepModels) await run.discard();
  return { cell, training, ...scored };
}

/** Whatever decides a cell's figures. */
async function settingsOf(
  experiment: Experiment,
  options: ReproduceOptions,
  { sha256 }: BaseModelDescription,
): Promise<object> {
  const { clipLength, numLayers, official, normalizePrefix, epochs, batchSize, lr, warmUp } = options;
  const { trainPictures, pictures, numBeams, jars, seed, device, engine } = options;
  const test: Record<string, string> = {};
  for (const { name, file } of options.test) test[name] = await sha256OfFile(file);
  return {
    experiment,
    base: sha256,
    train: await sha256OfFile(options.train),
    test,
    ...{ clipLength, numLayers, official, normalizePrefix, epochs, batchSize, lr, warmUp },
    ...{ trainPictures, pictures, numBeams, jars, seed, device, engine },
  };
}
