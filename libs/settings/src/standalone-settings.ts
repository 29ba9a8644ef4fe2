import { z } from 'zod';
import { list, readSettings, variable, wholeNumber, type Environment } from './read-settings.js';
import { CAPTIONER_ADDRESS, DATABASE_URL, KAFKA_BROKERS, LOG_LEVEL, MODEL_LIBRARY } from './variables.js';

export const STANDALONE_VARIABLES = {
  PORT: variable(wholeNumber(0, 65_535).default(3000), { description: 'port of the page and the API' }),
  HOUSESTYLE_API_KEY: variable(z.string().min(16).optional(), {
    description: 'the first demo tenant’s API key; unset: a random one is printed',
    secret: true,
  }),
  HOUSESTYLE_DATA: variable(z.string().default('.housestyle'), {
    description: 'folder of the embedded database, uploads and artefacts',
  }),
  DATABASE_URL: variable(DATABASE_URL, {
    description: 'a PostgreSQL of your own, as an administrator; unset: one is embedded',
    secret: true,
  }),
  KAFKA_BROKERS,
  CAPTIONER_ADDRESS: variable(CAPTIONER_ADDRESS.unwrap().optional(), {
    description: 'host:port of a captioner running elsewhere; unset: one is started',
  }),
  MODEL_DIRECTORIES: variable(list.optional(), {
    description:
      'base models for the captioner and the trainer, comma-separated: directories, or names in MODEL_LIBRARY; the first is the demo tenants’; unset: the demo',
  }),
  MODEL_LIBRARY,
  LOG_LEVEL: variable(LOG_LEVEL.unwrap().default('warn'), { description: 'what the started apps log' }),
};

export const readStandaloneSettings = (environment?: Environment) => readSettings(STANDALONE_VARIABLES, environment);
export type StandaloneSettings = ReturnType<typeof readStandaloneSettings>;

/** The environment a child process starts with: this process's own, overlaid. */
export const childEnvironment = (overlay: Environment): Record<string, string | undefined> => ({
  ...process.env,
  ...overlay,
});
