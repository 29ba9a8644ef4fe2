import path from 'node:path';
import { readFeatures } from './feature-file.js';
import { ModelFolder } from './model-folder.js';

/** A picture that the base was made from, or like those: what a tenant's training replays. */
export interface BaseReplay {
  readonly embedding: Float32Array;
  readonly caption: string;
  /** what the base itself writes under it. */
  readonly generated?: string;
}

/** The features that a base ships to be replayed, in its folder. */
export const BASE_REPLAY = 'replay.safetensors';

/** Whether a base ships anything to be replayed. */
export const hasBaseReplay = async (folder: string): Promise<boolean> =>
  (await new ModelFolder(folder).present([BASE_REPLAY])).length > 0;

/**
 * What a base ships to be replayed; empty where it ships nothing.
 * @throws DomainError `invalid_model`, `corrupt_checkpoint`
 */
export async function readBaseReplay(folder: string): Promise<BaseReplay[]> {
  if (!(await hasBaseReplay(folder))) return [];
  const { embeddings, captions } = await readFeatures(path.join(folder, BASE_REPLAY));
  return captions.map(({ caption, row, generated }) => ({
    embedding: embeddings[row]!,
    caption,
    ...(generated !== undefined && { generated }),
  }));
}
