import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { DomainError } from '@housestyle/domain';
import { DecodePool } from '@housestyle/imaging';

/** processes: one for each core, started with the first picture; they end with this process */
const decoders = new DecodePool({ size: availableParallelism() });
const shrinkingDecoders = new DecodePool({ size: availableParallelism(), isShrinkingOnLoad: true });

/**
 * A picture file as the model sees it: [size, size, 3] uint8 RGB. Shrunk on load, a large one is read more quickly and
 * seen a little differently.
 * @throws DomainError `source_not_found`, `source_forbidden`, or what decoding says
 */
export async function readPicture(path: string, size: number, isShrinkingOnLoad = false): Promise<Uint8Array> {
  const { pixels } = await (isShrinkingOnLoad ? shrinkingDecoders : decoders).crop(await read(path), size);
  return pixels;
}

async function read(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    switch ((cause as NodeJS.ErrnoException).code) {
      case 'ENOENT':
      case 'ENOTDIR':
        throw new DomainError('source_not_found', 'no such file', { cause });
      case 'EISDIR':
        throw new DomainError('source_not_found', 'a folder, not a picture', { cause });
      case 'EACCES':
      case 'EPERM':
        throw new DomainError('source_forbidden', 'the file may not be read', { cause });
      default:
        throw cause;
    }
  }
}
