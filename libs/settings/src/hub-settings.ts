import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { readSettings, variable, wholeNumber, type Environment } from './read-settings.js';
import { MODEL_LIBRARY } from './variables.js';

/** Named, and understood, as the other tools of the Hugging Face hub do. */
export const HUB_VARIABLES = {
  HF_ENDPOINT: variable(z.url({ protocol: /^https?$/ }).default('https://huggingface.co'), {
    description: 'the Hugging Face hub, or a mirror of it',
  }),
  HF_TOKEN: variable(z.string().optional(), {
    description: 'access token of the hub, for gated and private repositories; sent to HF_ENDPOINT only',
    secret: true,
  }),
  HF_HUB_CACHE: variable(z.string().optional(), {
    description: 'folder that files of the hub are kept in, shared with other tools; unset: HF_HOME/hub',
  }),
  HF_HOME: variable(z.string().optional(), {
    description: 'folder of the hub’s tools; unset: XDG_CACHE_HOME/huggingface',
  }),
  XDG_CACHE_HOME: variable(z.string().optional(), { description: 'folder of caches; unset: ~/.cache' }),
  HF_HUB_OFFLINE: variable(
    z.stringbool({ truthy: ['true', '1', 'yes', 'on'], falsy: ['false', '0', 'no', 'off'] }).default(false),
    { description: 'take everything from the cache, connect to nobody' },
  ),
  HF_HUB_DOWNLOAD_TIMEOUT: variable(wholeNumber(1, 3600).default(10), {
    description: 'how long the hub may send nothing before it is asked again',
    unit: 's',
  }),
  MODEL_LIBRARY,
};

export interface HubSettings extends Omit<ReturnType<typeof readVariables>, 'HF_HUB_CACHE'> {
  /** where the cache is, after all. */
  readonly HF_HUB_CACHE: string;
}

export function readHubSettings(environment?: Environment): HubSettings {
  const settings = readVariables(environment);
  const caches = settings.XDG_CACHE_HOME ?? join(homedir(), '.cache');
  const home = settings.HF_HOME ?? join(caches, 'huggingface');
  return Object.freeze({ ...settings, HF_HUB_CACHE: atHome(settings.HF_HUB_CACHE ?? join(home, 'hub')) });
}

/** Where pulled base models are. */
export const readModelLibrary = (environment?: Environment): string =>
  readSettings({ MODEL_LIBRARY }, environment).MODEL_LIBRARY;

const readVariables = (environment?: Environment) => readSettings(HUB_VARIABLES, environment);

const atHome = (folder: string): string => folder.replace(/^~(?=\/|$)/, homedir());
