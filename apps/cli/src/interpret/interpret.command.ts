import type { Precision } from '@housestyle/clipcap';
import type { Device } from '@housestyle/runtime';
import { LocalEngine } from '../local-engine.js';
import { ModelLibrary } from '../model-library.js';
import { overPictures } from '../over-pictures.js';
import type { Terminal } from '../terminal.js';
import { interpretationLines } from './interpretation-report.js';

export interface InterpretOptions {
  /** a shipped model's name, or a directory. */
  readonly model: string;
  readonly mapper?: string;
  readonly device?: Device;
  readonly precision?: Precision;
  readonly json: boolean;
  /** words of each position. */
  readonly topK: number;
}

/** Says the prefixes of picture files in words, in order. A bad one is reported and the others go on. @returns the exit code */
export async function interpretPictures(
  images: readonly string[],
  options: InterpretOptions,
  terminal: Terminal,
): Promise<number> {
  const library = await ModelLibrary.find();
  const engine = await LocalEngine.open(await library.resolve(options.model), options);
  return overPictures(
    images,
    {
      imageSize: engine.imageSize,
      run: (pictures) => engine.interpret(pictures, options.topK),
      report: (outcome) => interpretationLines(outcome, options),
    },
    terminal,
  );
}
