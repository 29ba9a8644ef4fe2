import { join } from 'node:path';
import { BASE_CALIBRATION, openBaseModel, readBaseReplay, readFeatures, writeSafetensors } from '@housestyle/checkpoints';
import { calibrate, type CalibrationExample } from '@housestyle/clipcap';
import { DomainError } from '@housestyle/domain';
import { OnnxGraphRunner } from '@housestyle/runtime';
import { ModelLibrary } from '../model-library.js';
import { EXIT_OK, type Terminal } from '../terminal.js';

export interface CalibrateOptions {
  /** captions that are measured. */
  readonly captions: number;
  /** embeddings and captions, in place of those that the base ships. */
  readonly features?: string;
  readonly json: boolean;
}

/** Measures what goes into a base model's layers, and keeps it beside the model. @returns the exit code */
export async function calibrateModel(
  model: string,
  { captions, features, json }: CalibrateOptions,
  terminal: Terminal,
): Promise<number> {
  const directory = await (await ModelLibrary.find()).resolve(model);
  const base = await openBaseModel(directory);
  const examples = await examplesFrom(directory, features, captions);
  const reaches = await calibrate(base, examples, new OnnxGraphRunner());
  const file = join(directory, BASE_CALIBRATION);
  await writeSafetensors(file, reaches, { base: base.sha256, captions: `${examples.length}` });
  const result = { model: base.name, file, captions: examples.length, layers: reaches.size };
  terminal.print(json ? JSON.stringify(result) : `${file}: ${result.layers} layers, ${result.captions} captions`);
  return EXIT_OK;
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
