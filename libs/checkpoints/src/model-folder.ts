import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, readFile } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { DomainError } from '@housestyle/domain';
import type { BpeFiles } from '@housestyle/clipcap';
import { ConfigFields } from '@housestyle/clipcap';
import { SafetensorsFile } from './safetensors-file.js';

/** Files of a model, by their path inside its folder; complaints name that path. */
export class ModelFolder {
  /** @param clipOf the model whose `clip/` this one's is; absent: its own */
  constructor(
    readonly root: string,
    private readonly clipOf?: string,
  ) {}

  /** Where `file`, or a folder inside, really lies. */
  pathOf(file: string): string {
    const isElsewhere = this.clipOf !== undefined && /^clip(\/|$)/.test(file);
    return path.join(isElsewhere ? this.clipOf : this.root, file);
  }

  /** @throws DomainError `invalid_model` when it is missing. */
  async bytes(file: string): Promise<Buffer> {
    const found = await this.bytesIfAny(file);
    if (!found) throw new DomainError('invalid_model', `${file} is missing in ${this.root}`);
    return found;
  }

  async bytesIfAny(file: string): Promise<Buffer | undefined> {
    try {
      return await readFile(this.pathOf(file));
    } catch (cause) {
      if (isMissing(cause)) return undefined;
      throw new DomainError('invalid_model', `${file} in ${this.root} cannot be read`, { cause });
    }
  }

  async json(file: string): Promise<unknown> {
    return parseJson(file, await this.bytes(file));
  }

  /** Which of `files` are there. */
  async present(files: readonly string[]): Promise<string[]> {
    const isThere = await Promise.all(
      files.map((file) =>
        access(this.pathOf(file)).then(
          () => true,
          () => false,
        ),
      ),
    );
    return files.filter((_, i) => isThere[i]);
  }

  /** A byte-level BPE's two files in `folder`. */
  async tokenizer(folder: string): Promise<BpeFiles> {
    const label = `${folder}/vocab.json`;
    const entries = new ConfigFields(label, await this.json(label)).entries();
    if (!entries.every((entry): entry is [string, number] => Number.isInteger(entry[1]))) {
      throw new DomainError('invalid_model', `${label}: not every token has a whole number`);
    }
    return { vocab: Object.fromEntries(entries), merges: (await this.bytes(`${folder}/merges.txt`)).toString('utf8') };
  }

  weights(file: string, label = file): SafetensorsFile {
    return SafetensorsFile.open(this.pathOf(file), label);
  }

  /** Lower-case hex; the file is read in pieces. */
  async sha256(file: string): Promise<string> {
    const hash = createHash('sha256');
    try {
      await pipeline(createReadStream(this.pathOf(file)), hash);
    } catch (cause) {
      throw new DomainError('invalid_model', `${file} is missing in ${this.root}`, { cause });
    }
    return hash.digest('hex');
  }
}

/** @throws DomainError `invalid_model` */
export function parseJson(label: string, bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8')) as unknown;
  } catch (cause) {
    throw new DomainError('invalid_model', `${label} is not JSON`, { cause });
  }
}

export const sha256Of = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex');

const isMissing = (cause: unknown): boolean =>
  cause instanceof Error && 'code' in cause && (cause.code === 'ENOENT' || cause.code === 'ENOTDIR');
