import { mkdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import {
  captionsBeside,
  describeBaseModel,
  openBaseModel,
  writeFeatures,
  type CaptionedRow,
} from '@housestyle/checkpoints';
import { ClipImageEncoder } from '@housestyle/clipcap';
import { DomainError } from '@housestyle/domain';
import { OnnxGraphRunner, type Device } from '@housestyle/runtime';
import { readCaptionsFile } from './captions-file.js';
import { embedPictures, reportFailure } from './embed-pictures.js';
import { EmbeddingJournal } from './embedding-journal.js';
import { expectFolder } from '../folders.js';
import { ModelLibrary } from '../model-library.js';
import { ProgressBar } from '../progress-bar.js';
import { EXIT_FAILED, EXIT_OK, type Terminal } from '../terminal.js';
import { counted, seconds } from '../wording.js';

export interface FeaturesOptions {
  readonly images: string;
  readonly captions: string;
  readonly model: string;
  readonly out: string;
  readonly device?: Device;
  readonly json: boolean;
}

/**
 * Encodes the captioned pictures of a folder and writes embeddings and captions. Pictures that cannot be read are told
 * of and left out. Killed and run again, it goes on where it was. @returns the exit code
 */
export async function folderFeatures(options: FeaturesOptions, terminal: Terminal): Promise<number> {
  const begun = performance.now();
  const { images, out, json } = options;
  await expectFolder(images);
  if (resolve(captionsBeside(out)) === resolve(options.captions)) {
    throw new DomainError('conflict', `${options.captions} would be overwritten; give another --out`);
  }
  const captions = await readCaptionsFile(options.captions);
  const folder = await (await ModelLibrary.find()).resolve(options.model);
  const description = await describeBaseModel(folder);
  const clipSha256 = description.files['clip/model.safetensors']!;
  const { clip } = await openBaseModel(folder, description);
  const encoder = await ClipImageEncoder.load(
    clip,
    new OnnxGraphRunner(options.device ? { device: options.device } : {}),
  );
  await mkdir(dirname(out), { recursive: true });
  const journal = await EmbeddingJournal.open(out, { clipSha256, width: encoder.embeddingWidth });
  const { embedded, failures } = await encodeAll([...new Set(captions.map(({ file }) => file))], {
    encoder,
    journal,
    options,
    terminal,
  });
  const rowOf = new Map([...embedded.keys()].map((file, row) => [file, row]));
  const rows: CaptionedRow[] = captions.flatMap(({ file, caption }) => {
    const row = rowOf.get(file);
    return row === undefined ? [] : [{ file, caption, row }];
  });
  if (rows.length === 0) throw new DomainError('invalid_request', `none of the pictures in ${images} could be read`);
  await writeFeatures(out, { clipSha256, embeddings: [...embedded.values()], captions: rows });
  await journal.discard();
  const report = {
    out,
    pictures: embedded.size,
    captions: rows.length,
    width: encoder.embeddingWidth,
    failed: failures,
  };
  const took = (performance.now() - begun) / 1000;
  if (json) terminal.print(JSON.stringify({ ...report, seconds: took }));
  else {
    const what = `${counted(report.pictures, 'picture')}, ${counted(report.captions, 'caption')}, ${report.width} values a picture`;
    terminal.print(`${out}\n${captionsBeside(out)}\n${what}, ${seconds(took)}`);
    if (failures > 0) terminal.complain(`left out ${counted(failures, 'picture')} that could not be read`);
  }
  return failures > 0 ? EXIT_FAILED : EXIT_OK;
}

interface Encoding {
  readonly encoder: ClipImageEncoder;
  readonly journal: EmbeddingJournal;
  readonly options: FeaturesOptions;
  readonly terminal: Terminal;
}

/** Embeddings in the files' order. */
async function encodeAll(files: readonly string[], { encoder, journal, options, terminal }: Encoding) {
  const embedded = new Map<string, Float32Array>();
  const progress = new ProgressBar(terminal, files.length);
  let failures = 0;
  for (const file of files) {
    const known = await journal.find(file, join(options.images, file));
    if (known) embedded.set(file, known);
  }
  progress.advance(embedded.size);
  const missing = files.filter((file) => !embedded.has(file));
  for await (const outcomes of embedPictures(encoder, options.images, missing)) {
    const made = outcomes.filter((outcome) => 'embedding' in outcome);
    await journal.add(made.map(({ file, embedding }) => ({ file, path: join(options.images, file), embedding })));
    for (const { file, embedding } of made) embedded.set(file, embedding);
    progress.clear();
    for (const outcome of outcomes) {
      if (!('error' in outcome)) continue;
      failures++;
      reportFailure(outcome.file, outcome.error, options.json, terminal);
    }
    progress.advance(outcomes.length);
  }
  progress.clear();
  const inOrder = files.flatMap((file) => {
    const embedding = embedded.get(file);
    return embedding ? [[file, embedding] as const] : [];
  });
  return { embedded: new Map(inOrder), failures };
}
