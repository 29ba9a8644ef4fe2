import { join } from 'node:path';
import {
  BASE_CALIBRATION,
  openBaseModel,
  readBaseReplay,
  readFeatures,
  SafetensorsFile,
  writeSafetensors,
} from '@housestyle/checkpoints';
import { calibrate, ClipCalibration, type BaseModelFiles, type CalibrationExample, type Reaches } from '@housestyle/clipcap';
import { DomainError } from '@housestyle/domain';
import { float32, readWeight } from '@housestyle/graph';
import { OnnxGraphRunner } from '@housestyle/runtime';
import { expectFolder, picturesIn } from '../folders.js';
import { ModelLibrary } from '../model-library.js';
import { overPictures } from '../over-pictures.js';
import { EXIT_OK, type Terminal } from '../terminal.js';

export interface CalibrateOptions {
  /** captions that are measured. */
  readonly captions: number;
  /** embeddings and captions, in place of those that the base ships. */
  readonly features?: string;
  /** a folder of pictures, for CLIP's layers. */
  readonly pictures?: string;
  readonly json: boolean;
}

/**
 * Measures what goes into a base model's layers, and keeps it beside the model. Bad pictures are reported and the others
 * count; without any, what was measured of CLIP before stays. @returns the exit code
 */
export async function calibrateModel(
  model: string,
  { captions, features, pictures, json }: CalibrateOptions,
  terminal: Terminal,
): Promise<number> {
  const directory = await (await ModelLibrary.find()).resolve(model);
  const base = await openBaseModel(directory);
  const examples = await examplesFrom(directory, features, captions);
  const file = join(directory, BASE_CALIBRATION);
  const ofClip = pictures === undefined ? shownBefore(base, file) : await showPictures(base.clip, pictures, terminal);
  const reaches = new Map([...ofClip.reaches, ...(await calibrate(base, examples, new OnnxGraphRunner()))]);
  const counts = { captions: examples.length, pictures: ofClip.pictures };
  const metadata = { base: base.sha256, captions: `${counts.captions}`, [PICTURES]: `${counts.pictures}` };
  await writeSafetensors(file, reaches, metadata);
  const result = { model: base.name, file, ...counts, layers: reaches.size };
  const text = `${file}: ${result.layers} layers, ${result.captions} captions, ${result.pictures} pictures`;
  terminal.print(json ? JSON.stringify(result) : text);
  return ofClip.exitCode;
}

interface Shown {
  /** of CLIP's layers, if not of more. */
  readonly reaches: Reaches;
  /** that could be read. */
  readonly pictures: number;
  readonly exitCode: number;
}

/** A calibration of another version of the base counts as none. */
function shownBefore({ calibration }: BaseModelFiles, file: string): Shown {
  if (!calibration) return { reaches: new Map(), pictures: 0, exitCode: EXIT_OK };
  const reaches = new Map(calibration.names().map((name) => [name, float32(readWeight(calibration, name))] as const));
  return { reaches, pictures: Number(SafetensorsFile.open(file).metadata[PICTURES] ?? 0), exitCode: EXIT_OK };
}

const PICTURES = 'pictures';

async function showPictures(clip: BaseModelFiles['clip'], folder: string, terminal: Terminal): Promise<Shown> {
  await expectFolder(folder);
  const paths = (await picturesIn(folder)).map((name) => join(folder, name));
  const calibration = await ClipCalibration.open(clip, new OnnxGraphRunner());
  let pictures = 0;
  const run = async (shown: readonly Uint8Array[]) => {
    await calibration.show(shown);
    pictures += shown.length;
    return shown.map(() => undefined);
  };
  const { imageSize, reaches } = calibration;
  const exitCode = await overPictures(paths, { imageSize, run, report: () => undefined }, terminal);
  await calibration.release();
  if (pictures > 0) return { reaches, pictures, exitCode };
  throw new DomainError('invalid_request', `${folder}: no picture that can be read (JPEG, PNG, WebP …)`);
}

/** Spread over all there are. */
async function examplesFrom(directory: string, features: string | undefined, count: number): Promise<CalibrationExample[]> {
  const all = features === undefined ? await readBaseReplay(directory) : await featuresIn(features);
  if (all.length === 0) {
    throw new DomainError('invalid_request', 'the base model ships no captions to calibrate with; give --features');
  }
  const step = Math.max(1, all.length / count);
  return Array.from({ length: Math.min(count, all.length) }, (_, n) => all[Math.floor(n * step)]!);
}

async function featuresIn(file: string): Promise<CalibrationExample[]> {
  const { embeddings, captions } = await readFeatures(file);
  return captions.map(({ caption, row }) => ({ embedding: embeddings[row]!, caption }));
}
