import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { BasePieces, Snapshot, WantedFiles } from '@housestyle/checkpoints';
import { DomainError } from '@housestyle/domain';
import type { HubSource } from './catalogue.js';

/** A base model that is pulled and not yet put together. */
export interface PulledBase extends BasePieces {
  readonly name: string;
  /** `org/name@commit`, each. */
  readonly sources: readonly string[];
  readonly licence: string;
}

/** Brings a source's files into the cache. */
export type PullSource = (source: Omit<HubSource, 'wanted'> & { readonly wanted: WantedFiles }) => Promise<Snapshot>;

/** A repository that is a base model already: one pull, whatever it says of itself kept. */
export async function pullRepository(
  repository: string,
  { name, revision }: { readonly name?: string | undefined; readonly revision?: string | undefined },
  pull: PullSource,
): Promise<PulledBase> {
  const snapshot = await pull({ repository, wanted: BASE_LAYOUT, ...(revision === undefined ? {} : { revision }) });
  const files = new Map(snapshot.files.map((file) => [file, join(snapshot.folder, file)]));
  const licence = snapshot.licence ?? 'none stated';
  const sources = [sourceOf(snapshot)];
  const manifest = files.get(MANIFEST);
  if (manifest === undefined) {
    const origin = { version: snapshot.commit.slice(0, 12), sources, provenance: `Pulled from ${repository}.`, licence };
    return { name: name ?? basename(repository), files, sources, licence, manifest: origin };
  }
  const own = await nameIn(manifest);
  if (name !== undefined && name !== own) {
    throw new DomainError('invalid_request', `${repository} is named ${own} by its ${MANIFEST}; --name cannot change it`);
  }
  return { name: own, files, sources, licence };
}

const MANIFEST = 'housestyle.json';

const BASE_LAYOUT: WantedFiles = {
  required: [
    ...['config.json', 'model.safetensors', 'preprocessor_config.json', 'vocab.json', 'merges.txt'].map((f) => `clip/${f}`),
    ...['config.json', 'model.safetensors', 'vocab.json', 'merges.txt'].map((file) => `gpt2/${file}`),
    ...['config.json', 'model.safetensors'].map((file) => `mapper/${file}`),
  ],
  optional: /^(housestyle\.json|README\.md|LICENSE[^/]*|replay\.(jsonl|safetensors)|(clip|gpt2|mapper[\w-]*)\/[\w.-]+\.(json|txt|safetensors))$/,
};

export const sourceOf = ({ repository, commit }: Snapshot): string => `${repository}@${commit}`;

async function nameIn(manifest: string): Promise<string> {
  const { name } = JSON.parse(await readFile(manifest, 'utf8')) as { name?: unknown };
  if (typeof name === 'string') return name;
  throw new DomainError('invalid_model', `${MANIFEST} has no name`);
}
