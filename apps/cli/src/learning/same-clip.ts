import type { BaseModelDescription, Features } from '@housestyle/checkpoints';
import { DomainError } from '@housestyle/domain';

/** @throws DomainError `invalid_request` when `file` has embeddings of another CLIP than the base's, as far as it says */
export function expectSameClip(
  file: string,
  { clipSha256 }: Features,
  { name, files }: Pick<BaseModelDescription, 'name' | 'files'>,
): void {
  if (clipSha256 === undefined || clipSha256 === files['clip/model.safetensors']) return;
  throw new DomainError(
    'invalid_request',
    `${file} was made with another CLIP than ${name}'s; run \`features\` with it`,
  );
}
