import { z } from 'zod';
import { WEBHOOK_SECRET_KEY } from './outbound-settings.js';
import { flag, readSettings, variable, wholeNumber, type Environment } from './read-settings.js';
import {
  ALLOW_PRIVATE_ADDRESSES,
  CAPTIONER_ADDRESS,
  CAPTIONER_TLS,
  CAPTIONER_TLS_SERVER_NAME,
  DATABASE_ROLE_URLS,
  DATABASE_STATEMENT_TIMEOUT_MS,
  DATABASE_URL,
  LOG_LEVEL,
  S3_ENDPOINT,
  S3_REGION,
  SHUTDOWN_TIMEOUT_MS,
  UPLOAD_STORE,
} from './variables.js';

export const API_VARIABLES = {
  DATABASE_URL,
  ...DATABASE_ROLE_URLS,
  DATABASE_STATEMENT_TIMEOUT_MS,
  CAPTIONER_ADDRESS,
  ...CAPTIONER_TLS,
  CAPTIONER_TLS_SERVER_NAME,
  UPLOAD_STORE,
  S3_ENDPOINT,
  S3_REGION,
  HOST: variable(z.string().default('127.0.0.1'), { description: 'address the HTTP server listens on' }),
  PORT: variable(wholeNumber(0, 65_535).default(3000), {
    description: 'port the HTTP server listens on; 0 picks a free one and logs it',
  }),
  REVIEW_PAGE: variable(z.string().optional(), {
    description: 'folder of the built review page, served at /; unset: the one built beside the api, if any',
  }),
  UPLOAD_MAX_BYTES: variable(wholeNumber(1, 2 ** 31).default(64 * 2 ** 20), {
    description: 'largest uploaded file',
    unit: 'bytes',
  }),
  UPLOAD_MAX_FILES: variable(wholeNumber(1, 1000).default(32), { description: 'most files in one upload' }),
  ALLOW_PRIVATE_ADDRESSES,
  WEBHOOK_SECRET_KEY,
  RATE_LIMIT_PER_KEY: variable(wholeNumber(1, 1_000_000_000).default(3_000), {
    description: 'requests a minute with one API key, each api process counting for itself; a tenant may have its own',
  }),
  RATE_LIMIT_PER_TENANT: variable(wholeNumber(1, 1_000_000_000).default(12_000), {
    description: 'requests a minute of one tenant, likewise',
  }),
  SECURE_COOKIES: variable(flag.default(false), { description: 'mark the session cookie Secure (behind HTTPS)' }),
  LOG_LEVEL,
  SHUTDOWN_TIMEOUT_MS,
};

export const readApiSettings = (environment?: Environment) => readSettings(API_VARIABLES, environment);
export type ApiSettings = ReturnType<typeof readApiSettings>;
