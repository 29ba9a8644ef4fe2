import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { pipeline } from 'node:stream/promises';
import {
  countBytes,
  isPlainGpt2,
  mapperConfigOf,
  mapperJsonOf,
  PyTorchFile,
  takeApart,
  writeBaseModel,
  writeMapperDirectory,
  type ClipCapParts,
} from '@housestyle/checkpoints';
import type { MapperConfig } from '@housestyle/clipcap';
import { DomainError } from '@housestyle/domain';
import { ProgressBar } from '../progress-bar.js';
import { EXIT_OK, type Terminal } from '../terminal.js';
import { importLines, type DecoderOrigin } from './import-report.js';
import { findSurroundings, type Surroundings, type SurroundingsOptions } from './mapper-surroundings.js';
import { exists } from './part-folders.js';

export interface ImportClipCapOptions extends SurroundingsOptions {
  readonly out: string;
  readonly name?: string;
  readonly licence?: string;
  /** whether the mapper was trained on embeddings of length 1; absent: nobody said. */
  readonly normalizePrefix?: boolean;
  readonly numHeads: number;
  readonly json: boolean;
}

/**
 * Makes a model directory, or a mapper's, of a checkpoint of the official ClipCap code. The checkpoint is read as data;
 * values go from file to file in pieces. @returns the exit code
 */
export async function importClipCap(
  weights: string,
  options: ImportClipCapOptions,
  terminal: Terminal,
): Promise<number> {
  const begun = performance.now();
  if (await exists(options.out)) throw new DomainError('conflict', `${options.out} exists already`);
  const file = PyTorchFile.open(weights);
  try {
    const parts = takeApart(file);
    const around = await findSurroundings(parts, options);
    const isPrefixNormalized = isNormalized(parts, options);
    const mapper = mapperConfigOf(parts.mapper, { ...around, numHeads: options.numHeads, isPrefixNormalized });
    const decoder = await write(weights, { parts, around, mapper }, options, terminal);
    const took = (performance.now() - begun) / 1000;
    for (const line of importLines({ out: options.out, parts, mapper, decoder, took }, options)) terminal.print(line);
    return EXIT_OK;
  } finally {
    file.close();
  }
}

/** A wrong guess would caption badly without a word of complaint. */
function isNormalized({ mapper }: ClipCapParts, { normalizePrefix }: ImportClipCapOptions): boolean {
  if (normalizePrefix !== undefined) return normalizePrefix;
  if (!mapper.names().includes('clip_project.prefix_const')) return false;
  const why = 'a transformer’s weights do not say whether it was trained on embeddings of length 1';
  const how = '--normalize-prefix if it was (the official COCO transformer was), --no-normalize-prefix if not';
  throw new DomainError('invalid_request', `${why}: give ${how}`);
}

interface Import {
  readonly parts: ClipCapParts;
  readonly around: Surroundings;
  readonly mapper: MapperConfig;
}

async function write(
  weights: string,
  { parts, around, mapper }: Import,
  { out, name, licence }: ImportClipCapOptions,
  terminal: Terminal,
): Promise<DecoderOrigin> {
  const { folders, gpt2Config } = around;
  const decoder = folders ? await decoderOrigin(parts, folders.gpt2) : 'none';
  const mapperFiles = { config: mapperJsonOf(mapper), tensors: parts.mapper.tensors() };
  const gpt2 = decoder === 'checkpoint' ? parts.gpt2!.tensors() : undefined;
  const progress = new ProgressBar(terminal, 2);
  const total = countBytes(mapperFiles.tensors) + (gpt2 ? countBytes(gpt2) : 0);
  let written = 0;
  const onBytes = (count: number) => progress.show(megabytes((written += count)), megabytes(total), 'MB');
  await mkdir(dirname(resolve(out)), { recursive: true });
  if (!folders) await writeMapperDirectory(out, { ...mapperFiles, onBytes });
  else {
    await writeBaseModel(out, {
      from: folders,
      gpt2: gpt2 ?? 'kept',
      ...(gpt2 && !parts.isHeadTied && { gpt2Config: { ...gpt2Config, tie_word_embeddings: false } }),
      mapper: mapperFiles,
      provenance: `imported from ${basename(weights)}, sha256 ${await sha256Of(weights)}`,
      ...(name !== undefined && { name }),
      ...(licence !== undefined && { licence }),
      onBytes,
    });
  }
  progress.clear();
  return decoder;
}

async function decoderOrigin({ gpt2 }: ClipCapParts, folder: string): Promise<DecoderOrigin> {
  const plain = join(folder, 'model.safetensors');
  const isThere = await exists(plain);
  if (gpt2) return isThere && isPlainGpt2(gpt2, plain) ? 'equal' : 'checkpoint';
  if (isThere) return 'plain';
  throw new DomainError('invalid_model', `${folder} has no model.safetensors, and the checkpoint holds no GPT-2`);
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

const megabytes = (bytes: number): number => Math.ceil(bytes / 1e6);
