import { z } from 'zod';
import { readSettings, variable, type Environment } from './read-settings.js';
import { DATABASE_URL } from './variables.js';

export const ADMINISTRATION_VARIABLES = {
  DATABASE_URL: variable(z.string().pipe(DATABASE_URL.unwrap()), {
    description: 'PostgreSQL as an administrator',
    secret: true,
  }),
};

export const readAdministrationSettings = (environment?: Environment) =>
  readSettings(ADMINISTRATION_VARIABLES, environment);
