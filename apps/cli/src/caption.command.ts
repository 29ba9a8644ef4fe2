import type { CaptionOutput, GenerationDefaults } from '@housestyle/clipcap';
import { toDomainError, type DomainError } from '@housestyle/domain';
import type { Device } from '@housestyle/runtime';
import { reportLine, type PictureOutcome, type ReportOptions } from './caption-report.js';
import { generationOf, type GenerationOptions } from './generation-options.js';
import { LocalEngine } from './local-engine.js';
import { ModelLibrary } from './model-library.js';
import { ProgressBar } from './progress-bar.js';
import { readPicture } from './read-picture.js';
import { EXIT_FAILED, EXIT_OK, type Terminal } from './terminal.js';

export interface CaptionOptions extends ReportOptions, GenerationOptions {
  /** a shipped model's name, or a directory. */
  readonly model: string;
  readonly mapper?: string;
  readonly device?: Device;
}

const BATCH_SIZE = 16;

/** Captions picture files, in order. A bad one is reported and the others go on. @returns the exit code */
export async function captionPictures(
  images: readonly string[],
  options: CaptionOptions,
  terminal: Terminal,
): Promise<number> {
  const library = await ModelLibrary.find();
  const engine = await LocalEngine.open(await library.resolve(options.model), options);
  const generation = generationOf(options);
  const progress = new ProgressBar(terminal, images.length);
  let exitCode: number = EXIT_OK;
  progress.advance(0);
  for (let from = 0; from < images.length; from += BATCH_SIZE) {
    const outcomes = await captionBatch(images.slice(from, from + BATCH_SIZE), engine, generation);
    progress.clear();
    for (const outcome of outcomes) {
      if ('error' in outcome) exitCode = EXIT_FAILED;
      report(outcome, options, terminal);
    }
    progress.advance(outcomes.length);
  }
  progress.clear();
  return exitCode;
}

async function captionBatch(
  images: readonly string[],
  engine: LocalEngine,
  generation: GenerationDefaults,
): Promise<PictureOutcome[]> {
  const read = await Promise.all(
    images.map((image) => readPicture(image, engine.imageSize).catch((error: unknown) => toDomainError(error))),
  );
  const outputs: CaptionOutput[] = await engine.caption(read.filter(isPicture), generation);
  return read.map((picture, index) => {
    const image = images[index]!;
    return isPicture(picture) ? { image, output: outputs.shift()! } : { image, error: picture };
  });
}

function report(outcome: PictureOutcome, options: ReportOptions, terminal: Terminal): void {
  const line = reportLine(outcome, options);
  if (line !== undefined) terminal.print(line);
  if ('error' in outcome) terminal.complain(`${outcome.image}: ${outcome.error.code}: ${outcome.error.message}`);
}

const isPicture = (read: Uint8Array | DomainError): read is Uint8Array => read instanceof Uint8Array;
