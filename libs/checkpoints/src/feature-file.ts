import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ConfigFields } from '@housestyle/clipcap';
import { DomainError } from '@housestyle/domain';
import { ModelFolder, parseJson } from './model-folder.js';
import { rowsOfMatrix } from './rows-of-matrix.js';
import { SafetensorsFile } from './safetensors-file.js';
import { writeSafetensors } from './safetensors-writer.js';

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

/** Writes both, the captions first; whatever was there before is gone. */
export async function writeFeatures(file: string, { embeddings, captions, clipSha256 }: Features): Promise<void> {
  const width = embeddings[0]?.length ?? 0;
  const data = new Float32Array(embeddings.length * width);
  embeddings.forEach((embedding, row) => data.set(embedding, row * width));
  const lines = captions.map(({ caption, row, file: picture, generated }) =>
    JSON.stringify({ file: picture, row, caption, generated }),
  );
  await writeFile(captionsBeside(file), lines.map((line) => `${line}\n`).join(''));
  const tensor = { type: 'float32' as const, dims: [embeddings.length, width], data };
  await writeSafetensors(file, new Map([[EMBEDDINGS, tensor]]), clipSha256 === undefined ? {} : { [CLIP]: clipSha256 });
}

/** NAME.jsonl of NAME.safetensors. */
export const captionsBeside = (file: string): string => `${file.replace(/\.safetensors$/, '')}.jsonl`;

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
