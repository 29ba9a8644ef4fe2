import { open, rename } from 'node:fs/promises';
import path from 'node:path';
import { ConfigFields } from '@housestyle/clipcap';
import { DomainError } from '@housestyle/domain';
import { ModelFolder, parseJson } from './model-folder.js';
import { rowsOfMatrix } from './rows-of-matrix.js';
import { SafetensorsFile } from './safetensors-file.js';
import { writeSafetensors, type SafetensorsTensor } from './safetensors-writer.js';

/**
 * Pictures' embeddings with their captions, in two files side by side: NAME.safetensors has `image_embeds` [n, P], a row
 * a picture, not normalised; NAME.jsonl has a line a caption, `{"caption", "row"?, "file"?, "generated"?}`. Without `row` the line's
 * own number is meant. A base's replay pictures are kept so too.
 */
export interface Features {
  /** of the CLIP that made them: of its weights, lower-case hex; undefined where nobody noted it. */
  readonly clipSha256?: string;
  /** a row a picture. */
  readonly embeddings: readonly Float32Array[];
  readonly captions: readonly CaptionedRow[];
}

export interface CaptionedRow {
  readonly caption: string;
  /** of the picture's embedding. */
  readonly row: number;
  /** the picture, as whoever made the file named it. */
  readonly file?: string;
  /** what the base that the features are shipped with writes under the picture. */
  readonly generated?: string;
}

/**
 * @param file NAME.safetensors; its captions are beside it
 * @throws DomainError `invalid_model`, `corrupt_checkpoint`, naming the file and the line
 */
export async function readFeatures(file: string): Promise<Features> {
  const embeddings = SafetensorsFile.open(file);
  const clipSha256 = embeddings.metadata[CLIP];
  const rows = rowsOfMatrix(embeddings, EMBEDDINGS);
  const captions = await readCaptions(captionsBeside(file), rows.length);
  return { embeddings: rows, captions, ...(clipSha256 !== undefined && { clipSha256 }) };
}

/** Features that need not fit into memory. */
export interface FeatureStream {
  readonly clipSha256?: string;
  /** n */
  readonly numRows: number;
  /** P */
  readonly width: number;
  /** [n, P] fp32, little-endian, in pieces of any size. */
  rows(): Iterable<Uint8Array>;
  readonly captions: Iterable<CaptionedRow> | AsyncIterable<CaptionedRow>;
}

/** Writes both, the captions first; whatever was there before is gone. */
export async function writeFeatures(file: string, { embeddings, captions, clipSha256 }: Features): Promise<void> {
  await writeFeatureStream(file, {
    ...(clipSha256 !== undefined && { clipSha256 }),
    numRows: embeddings.length,
    width: embeddings[0]?.length ?? 0,
    rows: () => embeddings.map(({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength)),
    captions,
  });
}

/** The same, of features that come one after the other. */
export async function writeFeatureStream(file: string, features: FeatureStream): Promise<void> {
  const { clipSha256, numRows, width } = features;
  await writeLines(captionsBeside(file), features.captions);
  const tensor: SafetensorsTensor = {
    dtype: 'F32',
    dims: [numRows, width],
    byteLength: numRows * width * Float32Array.BYTES_PER_ELEMENT,
    pieces: () => features.rows(),
  };
  await writeSafetensors(file, new Map([[EMBEDDINGS, tensor]]), clipSha256 === undefined ? {} : { [CLIP]: clipSha256 });
}

/** NAME.jsonl of NAME.safetensors. */
export const captionsBeside = (file: string): string => `${file.replace(/\.safetensors$/, '')}.jsonl`;

async function writeLines(file: string, captions: FeatureStream['captions']): Promise<void> {
  const handle = await open(`${file}.part`, 'w');
  try {
    let text = '';
    for await (const { caption, row, file: picture, generated } of captions) {
      text += `${JSON.stringify({ file: picture, row, caption, generated })}\n`;
      if (text.length < WRITTEN_AT_ONCE) continue;
      await handle.writeFile(text);
      text = '';
    }
    await handle.writeFile(text);
  } finally {
    await handle.close();
  }
  await rename(`${file}.part`, file);
}

async function readCaptions(file: string, numRows: number): Promise<CaptionedRow[]> {
  const label = path.basename(file);
  const lines = (await new ModelFolder(path.dirname(file)).bytes(label)).toString('utf8').trim().split('\n');
  return lines.map((line, n) => {
    const where = `${label}: line ${n + 1}`;
    const fields = new ConfigFields(where, parseJson(where, Buffer.from(line)));
    const row = fields.number('row', n);
    if (!Number.isInteger(row) || row < 0 || row >= numRows) {
      throw new DomainError('invalid_model', `${where} is of embedding ${row}, and there are ${numRows}`);
    }
    return {
      caption: fields.string('caption'),
      row,
      ...(fields.has('file') && { file: fields.string('file') }),
      ...(fields.has('generated') && { generated: fields.string('generated') }),
    };
  });
}

const EMBEDDINGS = 'image_embeds';
const CLIP = 'clip_sha256';
const WRITTEN_AT_ONCE = 1024 * 1024;
