import { join } from 'node:path';
import { assembleBaseModel, pullSnapshot, type HubOptions } from '@housestyle/checkpoints';
import { DomainError } from '@housestyle/domain';
import { readHubSettings } from '@housestyle/settings';
import { ModelLibrary } from '../model-library.js';
import { EXIT_OK, type Terminal } from '../terminal.js';
import { pullRepository, type PulledBase, type PullSource } from './base-pieces.js';
import { CATALOGUE } from './catalogue.js';
import { pullCatalogued } from './pull-catalogued.js';
import { PullProgressBar } from './pull-progress.js';

export interface PullOptions {
  /** what it is called here. */
  readonly name?: string;
  readonly revision?: string;
  /** ClipCap's `.pt`, had from elsewhere. */
  readonly weights?: string;
  readonly replace: boolean;
  readonly json: boolean;
}

/** Pulls a base model into the library. @returns the exit code */
export async function pullModel(what: string, options: PullOptions, terminal: Terminal): Promise<number> {
  const settings = readHubSettings();
  const hub: HubOptions = {
    endpoint: settings.HF_ENDPOINT,
    token: settings.HF_TOKEN,
    cache: settings.HF_HUB_CACHE,
    isOffline: settings.HF_HUB_OFFLINE,
    timeoutMs: settings.HF_HUB_DOWNLOAD_TIMEOUT * 1000,
  };
  const library = await ModelLibrary.find();
  if (options.name !== undefined) expectFreeName(options.name, library);
  const progress = new PullProgressBar(terminal);
  const pull: PullSource = (source) =>
    pullSnapshot({ ...source, onProgress: (update) => progress.show(source.repository, update) }, hub);
  try {
    const base = await pullBase(what, options, pull);
    progress.clear();
    const directory = join(library.pulled, expectFreeName(base.name, library));
    const outcome = await assembleBaseModel(directory, base, { replace: options.replace });
    const { name, sources, licence } = base;
    const words = { new: 'pulled', replaced: 'replaced', unchanged: 'here already' }[outcome];
    const lines = [`${name}\t${words}\t${directory}`, `  from     ${sources.join(', ')}`, `  licence  ${licence}`];
    terminal.print(options.json ? JSON.stringify({ name, outcome, directory, sources, licence }) : lines.join('\n'));
    return EXIT_OK;
  } finally {
    progress.clear();
  }
}

async function pullBase(what: string, { name, revision, weights }: PullOptions, pull: PullSource): Promise<PulledBase> {
  const isRepository = what.includes('/');
  if (isRepository && weights !== undefined) throw unfit('--weights', 'a name of the catalogue');
  if (!isRepository && revision !== undefined) throw unfit('--revision', 'org/name');
  if (isRepository) return pullRepository(what, { name, revision }, pull);
  const entry = CATALOGUE.find((candidate) => candidate.name === what);
  if (entry) return pullCatalogued(entry, { name, weights }, pull);
  const names = CATALOGUE.map((candidate) => candidate.name).join(', ');
  throw new DomainError('model_not_found', `no model ${what} to pull; there are ${names}, and org/name of the hub`);
}

const unfit = (option: string, what: string): DomainError =>
  new DomainError('invalid_request', `${option} goes with ${what}`);

function expectFreeName(name: string, library: ModelLibrary): string {
  if (!NAME.test(name)) throw new DomainError('invalid_request', `${name} cannot be the name of a base model`);
  if (library.directoryOf(name) === join(library.pulled, name)) return name;
  throw new DomainError('conflict', `${name} is a base model that ships with the project; give another --name`);
}

const NAME = /^[A-Za-z0-9][\w.-]*$/;
