import { z } from 'zod';
import { readSettings, variable, type Environment } from './read-settings.js';

export const CLIENT_VARIABLES = {
  HOUSESTYLE_API_KEY: variable(z.string().optional(), {
    description: 'the API key to ask with, where `--key` gives none; a command line is seen by others, this is not',
    secret: true,
  }),
};

export const readClientSettings = (environment?: Environment) => readSettings(CLIENT_VARIABLES, environment);
