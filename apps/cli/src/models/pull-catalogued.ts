import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Snapshot } from '@housestyle/checkpoints';
import { DomainError } from '@housestyle/domain';
import { sourceOf, type PulledBase, type PullSource } from './base-pieces.js';
import { adviceOn, type CatalogueEntry } from './catalogue.js';
import { importWeights } from './import-weights.js';

export interface CataloguedOptions {
  readonly name?: string | undefined;
  /** ClipCap's `.pt` on this machine, in place of the hub's. */
  readonly weights?: string | undefined;
}

/**
 * One of the catalogue's models: its CLIP, its GPT-2's tokenizer and, where it is frozen, weights; and ClipCap's own
 * weights, which are split when the base is put together.
 * @throws DomainError `model_not_found` that says where to get weights that are on no hub
 */
export async function pullCatalogued(
  entry: CatalogueEntry,
  { name = entry.name, weights }: CataloguedOptions,
  pull: PullSource,
): Promise<PulledBase> {
  const own = weights === undefined ? await publishedWeights(entry, pull) : await localWeights(weights);
  const clip = await pull(entry.clip);
  const gpt2 = await pull(entry.gpt2);
  const { licence, description: provenance } = entry;
  const sources = [own.source, sourceOf(clip), sourceOf(gpt2)];
  return {
    name,
    sources,
    licence,
    files: new Map([...placed(clip, 'clip'), ...placed(gpt2, 'gpt2')]),
    complete: async (folder) => {
      await describeClip(join(folder, 'clip'), entry.clip.config);
      await importWeights(own.file, folder, entry);
    },
    manifest: { version: own.version, sources, provenance, licence },
  };
}

interface OwnWeights {
  readonly file: string;
  readonly source: string;
  readonly version: string;
}

async function publishedWeights(entry: CatalogueEntry, pull: PullSource): Promise<OwnWeights> {
  if (!entry.weights) {
    throw new DomainError('model_not_found', `no repository of the hub is known to hold its weights. ${adviceOn(entry)}`);
  }
  const snapshot = await pull(entry.weights);
  const file = join(snapshot.folder, entry.weights.file);
  return { file, source: sourceOf(snapshot), version: snapshot.commit.slice(0, 12) };
}

async function localWeights(weights: string): Promise<OwnWeights> {
  if (!(await exists(weights))) throw new DomainError('not_found', `${weights}: no such file`);
  const hash = createHash('sha256');
  await pipeline(createReadStream(weights), hash);
  const sha256 = hash.digest('hex');
  return { file: resolve(weights), source: `${basename(weights)}@${sha256}`, version: sha256.slice(0, 12) };
}

/** Under OpenAI's names the weights say nearly all; the files that say the rest are part of the layout. */
async function describeClip(folder: string, config: object | undefined): Promise<void> {
  if (config === undefined) return;
  await writeFile(join(folder, 'config.json'), `${JSON.stringify(config)}\n`);
  await writeFile(join(folder, 'preprocessor_config.json'), '{}\n');
}

/** A repository's files in a part of the base; its weights by the name that the base has for them. */
const placed = (snapshot: Snapshot, part: 'clip' | 'gpt2'): [string, string][] =>
  snapshot.files.map((file) => {
    const name = /\.(safetensors|bin)$/.test(file) ? 'model.safetensors' : file;
    return [`${part}/${name}`, join(snapshot.folder, file)];
  });

const exists = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  );
