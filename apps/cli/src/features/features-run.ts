import { resolve } from 'node:path';
import { withFileLock, writeFeatureStream, type CaptionedRow } from '@housestyle/checkpoints';
import { DomainError, ERROR_CODES } from '@housestyle/domain';
import { EmbeddingJournal, type Failure, type JournalEntry, type JournalNote } from './embedding-journal.js';
import { encodePictures } from './encode-pictures.js';
import type { EncodingThread } from './encoding-thread.js';
import type { FeaturePicture, FeatureSource } from './feature-source.js';
import type { FoundPicture, PictureReader } from './picture-reader.js';

export interface FeaturesRun {
  readonly source: FeatureSource;
  readonly reader: PictureReader;
  readonly encoder: EncodingThread;
  readonly clipSha256: string;
  /** NAME.safetensors */
  readonly out: string;
  /** pictures that are being read, or wait to be encoded. */
  readonly atOnce: number;
  /** called as pictures are done with, of this start or an earlier one. */
  readonly onProgress: (pictures: number, failed: number) => void;
}

export interface FeaturesOutcome {
  readonly pictures: number;
  readonly captions: number;
  /** in the pictures' order. */
  readonly failures: readonly { readonly name: string; readonly error: Failure }[];
}

/**
 * Encodes what a source names and writes the features; begun, killed and begun again, it goes on where it was and ends
 * with the same bytes; nothing is written where no picture could be read. Pictures that failed for a passing reason are
 * tried once more at the end.
 * @throws DomainError `conflict` when another process is at it: two that wrote one journal would mix its rows up
 */
export async function runFeatures(run: FeaturesRun): Promise<FeaturesOutcome> {
  const { out } = run;
  const refusal = `another process is writing ${out}; wait for it, or give another --out`;
  return withFileLock(`${resolve(out)}.lock`, () => runLocked(run), { refusal });
}

async function runLocked(run: FeaturesRun): Promise<FeaturesOutcome> {
  const { source, reader, encoder, clipSha256, out } = run;
  const journal = await EmbeddingJournal.open(out, { clipSha256, width: encoder.embeddingWidth });
  try {
    if ((await encodeMissing(run, journal)) > 0) {
      reader.tryAgain();
      await encodeMissing(run, journal);
    }
    const { order, failures } = await planRows(source, journal);
    let captions = 0;
    if (order.length > 0) {
      const lines = captionLines(source, journal, order);
      await writeFeatureStream(out, {
        clipSha256,
        numRows: order.length,
        width: encoder.embeddingWidth,
        rows: () => journal.readRows(order),
        captions: counted(lines, () => captions++),
      });
    }
    await journal.discard();
    return { pictures: order.length, captions, failures };
  } catch (error) {
    await journal.close();
    throw error;
  }
}

/** @returns how many pictures failed for a passing reason */
async function encodeMissing(run: FeaturesRun, journal: EmbeddingJournal): Promise<number> {
  const { source, reader, encoder, atOnce, onProgress } = run;
  let [passing, done, failed] = [0, 0, 0];
  const begun = new Map<string, FoundPicture>();
  async function* missing(): AsyncGenerator<FeaturePicture> {
    for await (const picture of source.pictures()) {
      if (begun.has(picture.name) || captionsOf(picture).length === 0) continue;
      const found = await reader.find(picture.place);
      const entry = journal.find(picture.name);
      if (entry && !isWorthAnother(entry, found)) {
        if ('error' in entry) failed++;
        if (++done % SHOWN_EVERY === 0) onProgress(done, failed);
        continue;
      }
      begun.set(picture.name, found);
      yield picture;
    }
  }
  const read = ({ name }: FeaturePicture) => begun.get(name)!.read(encoder.imageSize);
  for await (const outcomes of encodePictures(missing(), read, encoder, atOnce)) {
    const notes = outcomes.map((outcome): JournalNote => {
      const { name } = outcome.picture;
      const { stamp } = begun.get(name)!;
      return 'error' in outcome ? { name, stamp, error: outcome.error } : { name, stamp, embedding: outcome.embedding };
    });
    await journal.add(notes);
    for (const note of notes) {
      begun.delete(note.name);
      if ('error' in note) failed++;
      if ('error' in note && isPassing(note.error)) passing++;
    }
    done += notes.length;
    onProgress(done, failed);
  }
  return passing;
}

const SHOWN_EVERY = 1000;

/** A picture that has changed, or that failed for a reason that may have passed. */
const isWorthAnother = (entry: JournalEntry, { stamp }: FoundPicture): boolean =>
  entry.stamp !== stamp || ('error' in entry && isPassing(entry.error));

const isPassing = ({ code }: Failure): boolean => ERROR_CODES[code].disposition === 'retry';

/** Journal rows in the order of the pictures' first mention. */
async function planRows(source: FeatureSource, journal: EmbeddingJournal) {
  const order: number[] = [];
  const planned = new Set<number>();
  const failures = new Map<string, Failure>();
  for await (const picture of source.pictures()) {
    if (captionsOf(picture).length === 0) continue;
    const entry = journal.find(picture.name);
    if (!entry) throw new DomainError('conflict', `${source.label} changed while it was read; run it again`);
    if ('error' in entry) failures.set(picture.name, entry.error);
    else if (!planned.has(entry.row)) {
      planned.add(entry.row);
      order.push(entry.row);
    }
  }
  return { order, failures: [...failures].map(([name, error]) => ({ name, error })) };
}

async function* captionLines(
  source: FeatureSource,
  journal: EmbeddingJournal,
  order: readonly number[],
): AsyncGenerator<CaptionedRow> {
  const rowOf = new Map(order.map((journalRow, row) => [journalRow, row]));
  for await (const picture of source.pictures()) {
    const entry = journal.find(picture.name);
    if (!entry || 'error' in entry) continue;
    for (const caption of captionsOf(picture)) yield { file: picture.name, row: rowOf.get(entry.row)!, caption };
  }
}

async function* counted<Item>(items: AsyncIterable<Item>, count: () => void): AsyncGenerator<Item> {
  for await (const item of items) {
    count();
    yield item;
  }
}

const captionsOf = ({ captions }: FeaturePicture): string[] =>
  captions.map((caption) => caption.trim()).filter((caption) => caption !== '');
