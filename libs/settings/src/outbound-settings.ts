import { z } from 'zod';
import { list, variable, wholeNumber } from './read-settings.js';

const SCHEMES = ['https', 'http', 's3', 'file'] as const;
const schemes = list.pipe(z.array(z.enum(SCHEMES)));
const ports = list.transform((entries) => entries.map(Number)).pipe(z.array(z.int().min(1).max(65_535)));

/** Where the pipeline may go on a stranger's word: for pictures, and for webhooks. */
export const OUTBOUND_VARIABLES = {
  FETCH_SCHEMES: variable(schemes.default([...SCHEMES]), {
    description: 'schemes that picture URIs may have, comma-separated; s3: and file: lead nowhere until more is set',
  }),
  FETCH_PORTS: variable(ports.optional(), {
    description:
      'ports that picture URIs and webhooks may name, comma-separated; unset: 80 and 443, or any with ALLOW_PRIVATE_ADDRESSES',
  }),
  FETCH_ALLOWED_NETWORKS: variable(list.default([]), {
    description:
      'networks (CIDR, comma-separated) that picture URIs and webhooks may lead to although they are not public, and nothing else of what ALLOW_PRIVATE_ADDRESSES opens',
  }),
  FETCH_DENIED_NETWORKS: variable(list.default([]), {
    description:
      'networks (CIDR, comma-separated) that picture URIs and webhooks never lead to, whatever else is set: your own public addresses, your NAT64 prefix',
  }),
};

/** Which key the webhooks' secrets are kept under: the api writes them, the pipeline signs with them. */
export const WEBHOOK_SECRET_KEY = variable(z.string().min(32).optional(), {
  description:
    'what the secrets of webhooks are encrypted with, at least 32 random characters, the same for api and pipeline; unset: made from the password of the app role',
  secret: true,
});

export const WEBHOOK_VARIABLES = {
  WEBHOOK_SECRET_KEY,
  WEBHOOK_TIMEOUT_MS: variable(wholeNumber(100, 600_000).default(10_000), {
    description: 'how long the receiver of a webhook may take to answer',
    unit: 'ms',
  }),
  WEBHOOK_RETRY_MS: variable(wholeNumber(10, 3_600_000).default(5_000), {
    description: 'pause before the second attempt of a webhook; each later one is four times longer, up to 12 h',
    unit: 'ms',
  }),
  WEBHOOK_MAX_ATTEMPTS: variable(wholeNumber(1, 20).default(10), {
    description: 'attempts after which an event is not sent to a webhook any more',
  }),
  WEBHOOK_DISABLE_AFTER_MS: variable(wholeNumber(100, 30 * 86_400_000).default(3 * 86_400_000), {
    description: 'how long every attempt must have failed before the endpoint is switched off',
    unit: 'ms',
  }),
};
