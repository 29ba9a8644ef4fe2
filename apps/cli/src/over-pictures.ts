import { toDomainError, type DomainError } from '@housestyle/domain';
import { ProgressBar } from './progress-bar.js';
import { readPicture } from './read-picture.js';
import { EXIT_FAILED, EXIT_OK, type Terminal } from './terminal.js';

/** What became of one picture. */
export type PictureOutcome<T> =
  { readonly image: string; readonly output: T } | { readonly image: string; readonly error: DomainError };

interface PictureWork<T> {
  /** pixels of one side. */
  readonly imageSize: number;
  /** large pictures are decoded at a fraction of their size. */
  readonly isShrinkingOnLoad?: boolean;
  /** Some pictures [n, n, 3] uint8 RGB → what is made of each, in order. */
  readonly run: (pictures: readonly Uint8Array[]) => Promise<T[]>;
  /** The lines of stdout for one picture; undefined when only stderr speaks of it. */
  readonly report: (outcome: PictureOutcome<T>) => string | undefined;
}

const BATCH_SIZE = 16;

/** Works on picture files, in order. A bad one is reported and the others go on. @returns the exit code */
export async function overPictures<T>(
  images: readonly string[],
  { imageSize, isShrinkingOnLoad, run, report }: PictureWork<T>,
  terminal: Terminal,
): Promise<number> {
  const progress = new ProgressBar(terminal, images.length);
  let exitCode: number = EXIT_OK;
  progress.advance(0);
  for (let from = 0; from < images.length; from += BATCH_SIZE) {
    const batch = images.slice(from, from + BATCH_SIZE);
    const read = await Promise.all(
      batch.map((image) =>
        readPicture(image, imageSize, isShrinkingOnLoad).catch((error: unknown) => toDomainError(error)),
      ),
    );
    const outputs = await run(read.filter(isPicture));
    progress.clear();
    for (const [index, picture] of read.entries()) {
      const image = batch[index]!;
      const outcome: PictureOutcome<T> = isPicture(picture)
        ? { image, output: outputs.shift()! }
        : { image, error: picture };
      if ('error' in outcome) exitCode = EXIT_FAILED;
      const lines = report(outcome);
      if (lines !== undefined) terminal.print(lines);
      if ('error' in outcome) terminal.complain(`${image}: ${outcome.error.code}: ${outcome.error.message}`);
    }
    progress.advance(batch.length);
  }
  progress.clear();
  return exitCode;
}

const isPicture = (read: Uint8Array | DomainError): read is Uint8Array => read instanceof Uint8Array;
