import { resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { captionsBeside, describeBaseModel } from '@housestyle/checkpoints';
import { DomainError } from '@housestyle/domain';
import type { Device } from '@housestyle/runtime';
import { readFeaturesSettings } from '@housestyle/settings';
import type { DatasetFormat } from '../datasets/open-dataset.js';
import { expectFolder } from '../folders.js';
import { ModelLibrary } from '../model-library.js';
import { ProgressBar } from '../progress-bar.js';
import { EXIT_FAILED, EXIT_OK, type Terminal } from '../terminal.js';
import { counted, seconds } from '../wording.js';
import { datasetSource } from './dataset-source.js';
import { EncodingThread } from './encoding-thread.js';
import { reportFailures } from './failure-report.js';
import type { FeatureSource } from './feature-source.js';
import { runFeatures, type FeaturesOutcome } from './features-run.js';
import { folderSource } from './folder-source.js';
import { PictureDownloads } from './picture-downloads.js';
import { PictureReader } from './picture-reader.js';

export interface FeaturesOptions {
  readonly captions: string;
  readonly model: string;
  readonly out: string;
  readonly device?: Device;
  readonly json: boolean;
}

export interface LocalFeaturesOptions extends FeaturesOptions {
  readonly images: string;
  readonly split?: readonly string[];
}

export interface ConceptualFeaturesOptions extends FeaturesOptions {
  readonly keepPictures?: string;
  readonly atOnce: number;
  readonly perHost: number;
  readonly addPeriod: boolean;
}

/** Features of a folder of pictures with a file of captions of one's own. @returns the exit code */
export async function folderFeatures(options: LocalFeaturesOptions, terminal: Terminal): Promise<number> {
  await expectFolder(options.images);
  expectCaptionsKept(options);
  return encodeSource(await folderSource(options.images, options.captions), options, terminal);
}

/** Features of a dataset whose pictures are on this machine. @returns the exit code */
export async function datasetFeatures(
  formats: readonly DatasetFormat[],
  options: LocalFeaturesOptions,
  terminal: Terminal,
): Promise<number> {
  await expectFolder(options.images);
  expectCaptionsKept(options);
  return encodeSource(await datasetSource(options, formats), options, terminal);
}

/** Features of pictures that are downloaded. @returns the exit code */
export async function conceptualFeatures(options: ConceptualFeaturesOptions, terminal: Terminal): Promise<number> {
  expectCaptionsKept(options);
  const { atOnce, perHost, keepPictures: keptIn } = options;
  const source = await datasetSource(options, ['conceptual']);
  const downloads = new PictureDownloads(readFeaturesSettings(), { atOnce, perHost, keptIn });
  try {
    return await encodeSource(source, options, terminal, downloads);
  } finally {
    await downloads.close();
  }
}

/** Encodes what the source names, writes the features and says how it went. */
async function encodeSource(
  source: FeatureSource,
  options: FeaturesOptions,
  terminal: Terminal,
  downloads?: PictureDownloads,
): Promise<number> {
  const begun = performance.now();
  const total = await countOf(source);
  if (total === 0) throw new DomainError('invalid_request', `${options.captions}: no captions in it`);
  const folder = await (await ModelLibrary.find()).resolve(options.model);
  const description = await describeBaseModel(folder);
  const clipSha256 = description.files['clip/model.safetensors']!;
  const progress = new ProgressBar(terminal, total);
  const encoder = await EncodingThread.start(folder, description, options.device);
  try {
    const outcome = await runFeatures({
      source,
      reader: new PictureReader(downloads),
      encoder,
      clipSha256,
      out: options.out,
      atOnce: downloads ? WEB_PICTURES_AT_ONCE : PICTURES_AT_ONCE,
      onProgress: (done, failed) => progress.show(done, total, failed > 0 ? `${failed} failed` : ''),
    });
    progress.clear();
    await report(outcome, {
      options,
      terminal,
      width: encoder.embeddingWidth,
      took: (performance.now() - begun) / 1000,
    });
    return outcome.failures.length > 0 ? EXIT_FAILED : EXIT_OK;
  } finally {
    progress.clear();
    await encoder.close();
  }
}

interface Reporting {
  readonly options: FeaturesOptions;
  readonly terminal: Terminal;
  readonly width: number;
  /** seconds. */
  readonly took: number;
}

async function report(outcome: FeaturesOutcome, { options, terminal, width, took }: Reporting): Promise<void> {
  const { out, json } = options;
  const { pictures, captions, failures } = outcome;
  const listed = await reportFailures(failures, out, json, terminal);
  if (pictures === 0)
    throw new DomainError('invalid_request', `none of the pictures could be read; nothing is written`);
  if (json) {
    const facts = { out, pictures, captions, width, failed: failures.length, ...(listed && { failures: listed }) };
    terminal.print(JSON.stringify({ ...facts, seconds: took }));
    return;
  }
  const what = `${counted(pictures, 'picture')}, ${counted(captions, 'caption')}, ${width} values a picture`;
  terminal.print(`${out}\n${captionsBeside(out)}\n${what}, ${seconds(took)}`);
}

/** The captions that are given are not to be written over. */
function expectCaptionsKept({ captions, out }: FeaturesOptions): void {
  if (resolve(captionsBeside(out)) !== resolve(captions)) return;
  throw new DomainError('conflict', `${captions} would be overwritten; give another --out`);
}

/** Reads all of it, too: what is malformed is told before anything is done. */
async function countOf(source: FeatureSource): Promise<number> {
  const names = new Set<string>();
  for await (const { name, captions } of source.pictures()) {
    if (captions.some((caption) => caption.trim() !== '')) names.add(name);
  }
  return names.size;
}

const PICTURES_AT_ONCE = 64;
/** More, for most of them wait for their host. */
const WEB_PICTURES_AT_ONCE = 512;
