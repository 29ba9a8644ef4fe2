import { DomainError } from '@housestyle/domain';
import { ConfigFields } from '@housestyle/clipcap';
import { ModelFolder, parseJson } from './model-folder.js';
import { rowsOfMatrix } from './rows-of-matrix.js';

/** A picture that the base was made from, or like those: what a tenant's training replays. */
export interface BaseReplay {
  readonly embedding: Float32Array;
  readonly caption: string;
}

/**
 * What a base ships to be replayed: `replay.safetensors` (image_embeds [n, P]) and `replay.jsonl` (a caption a line);
 * empty where it ships nothing.
 * @throws DomainError `invalid_model`, `corrupt_checkpoint`
 */
export async function readBaseReplay(folder: string): Promise<BaseReplay[]> {
  const files = new ModelFolder(folder);
  const lines = await files.bytesIfAny(CAPTIONS);
  if (!lines) return [];
  const captions = lines
    .toString('utf8')
    .trim()
    .split('\n')
    .map((line) => new ConfigFields(CAPTIONS, parseJson(CAPTIONS, Buffer.from(line))).string('caption'));
  const embeddings = rowsOfMatrix(files.weights(EMBEDDINGS), 'image_embeds');
  if (embeddings.length !== captions.length) {
    throw new DomainError('invalid_model', `${embeddings.length} embeddings, ${captions.length} captions to replay`);
  }
  return embeddings.map((embedding, n) => ({ embedding, caption: captions[n]! }));
}

const CAPTIONS = 'replay.jsonl';
const EMBEDDINGS = 'replay.safetensors';
