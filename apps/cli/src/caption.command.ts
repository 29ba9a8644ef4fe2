import type { Precision } from '@housestyle/clipcap';
import type { Device } from '@housestyle/runtime';
import { reportLine, type ReportOptions } from './caption-report.js';
import { generationOf, type GenerationOptions } from './generation-options.js';
import { LocalEngine } from './local-engine.js';
import { ModelLibrary } from './model-library.js';
import { overPictures } from './over-pictures.js';
import type { Terminal } from './terminal.js';

export interface CaptionOptions extends ReportOptions, GenerationOptions {
  /** a shipped model's name, or a directory. */
  readonly model: string;
  readonly mapper?: string;
  readonly device?: Device;
  readonly precision?: Precision;
  readonly shrinkOnLoad: boolean;
}

/** Captions picture files, in order. A bad one is reported and the others go on. @returns the exit code */
export async function captionPictures(
  images: readonly string[],
  options: CaptionOptions,
  terminal: Terminal,
): Promise<number> {
  const library = await ModelLibrary.find();
  const engine = await LocalEngine.open(await library.resolve(options.model), options);
  const generation = generationOf(options);
  return overPictures(
    images,
    {
      imageSize: engine.imageSize,
      isShrinkingOnLoad: options.shrinkOnLoad,
      run: (pictures) => engine.caption(pictures, generation),
      report: (outcome) => reportLine(outcome, options),
    },
    terminal,
  );
}
