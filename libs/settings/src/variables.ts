import { z } from 'zod';
import { flag, list, variable, wholeNumber } from './read-settings.js';

/** Variables that several apps read; each app's own stand in its file beside this one. */

const postgresUrl = z.url({ protocol: /^postgres(ql)?$/ });

export const DATABASE_URL = variable(postgresUrl.optional(), {
  description: 'PostgreSQL as an administrator: the app migrates it, then logs in as its own two roles',
  secret: true,
});

/** Where an administrator migrates and keeps the passwords, the apps get these two instead of `DATABASE_URL`. */
export const DATABASE_ROLE_URLS = {
  DATABASE_APP_URL: variable(postgresUrl.optional(), {
    description: 'PostgreSQL as housestyle_app; with DATABASE_QUEUE_URL it takes the place of DATABASE_URL',
    secret: true,
  }),
  DATABASE_QUEUE_URL: variable(postgresUrl.optional(), {
    description: 'PostgreSQL as housestyle_queue',
    secret: true,
  }),
};

export const DATABASE_STATEMENT_TIMEOUT_MS = variable(wholeNumber(100, 600_000).default(30_000), {
  description: 'longest time one statement may take; a server that is silent for 5 s longer is given up',
  unit: 'ms',
});

export const KAFKA_BROKERS = variable(list.optional(), {
  description: 'Kafka bootstrap servers, host:port, comma-separated; unset: HTTP uploads only',
});

/** How the brokers are spoken to; `kafkaSecurity` reads them. */
export const KAFKA_SECURITY = {
  KAFKA_TLS: variable(flag.default(false), { description: 'speak TLS with the brokers' }),
  KAFKA_TLS_CA: variable(z.string().optional(), {
    description:
      'PEM file of the authorities that the brokers’ certificates must come from; unset: those that Node knows',
  }),
  KAFKA_TLS_CERT: variable(z.string().optional(), {
    description:
      'PEM file of a certificate of this process’s own, where the brokers ask for one; set with KAFKA_TLS_KEY',
  }),
  KAFKA_TLS_KEY: variable(z.string().optional(), { description: 'PEM file of its private key' }),
  KAFKA_SASL_MECHANISM: variable(z.enum(['plain', 'scram-sha-256', 'scram-sha-512']).optional(), {
    description:
      'how this process logs in, with the next two; plain sends the password as it is, so it takes KAFKA_TLS',
  }),
  KAFKA_SASL_USERNAME: variable(z.string().optional(), { description: 'the user to log in as' }),
  KAFKA_SASL_PASSWORD: variable(z.string().optional(), { description: 'its password', secret: true }),
};

export const CAPTIONER_ADDRESS = variable(z.string().default('127.0.0.1:50051'), {
  description: 'host:port of the captioner',
});

/** Both ends of the captioner's channel, each with a certificate of its own; `captionerTls` reads the files. */
export const CAPTIONER_TLS = {
  CAPTIONER_TLS_CERT: variable(z.string().optional(), {
    description:
      'PEM file of this process’s certificate for gRPC, intermediates after it; set with the next two, or none of the three: plain text',
  }),
  CAPTIONER_TLS_KEY: variable(z.string().optional(), { description: 'PEM file of its private key' }),
  CAPTIONER_TLS_CA: variable(z.string().optional(), {
    description: 'PEM file of the authorities that the other end’s certificate must come from; no others are taken',
  }),
};

export const CAPTIONER_TLS_SERVER_NAME = variable(z.string().optional(), {
  description: 'the name in the captioner’s certificate; unset: the host in CAPTIONER_ADDRESS',
});

export const LOG_LEVEL = variable(
  z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  {
    description: 'what is logged',
  },
);

export const UPLOAD_STORE = variable(z.string().default('.housestyle/uploads'), {
  description: 'where uploaded pictures are kept: a folder or s3://bucket/prefix; the api writes, the pipeline reads',
});

export const ARTEFACT_STORE = variable(z.string().default('.housestyle/artefacts'), {
  description: 'where mapper versions are kept: a folder or s3://bucket/prefix',
});

export const MODEL_LIBRARY = variable(z.string().default('.housestyle/models'), {
  description: 'folder of the base models that `housestyle models pull` has fetched, each under its name',
});

export const SHUTDOWN_TIMEOUT_MS = variable(wholeNumber(100, 600_000).default(25_000), {
  description: 'how long a stopping process may finish what it has begun',
  unit: 'ms',
});

export const METRICS_PORT = variable(wholeNumber(0, 65_535).optional(), {
  description: 'port of /healthz, /readyz and /metrics; 0 picks a free one; unset: none',
});

export const ALLOW_PRIVATE_ADDRESSES = variable(flag.default(false), {
  description: 'let picture URIs and webhooks lead to loopback and private networks; webhooks may be http:, then',
});

export const FETCH_MAX_BYTES = variable(wholeNumber(1, 2 ** 31).default(64 * 2 ** 20), {
  description: 'largest picture file',
  unit: 'bytes',
});

export const FETCH_TIMEOUT_MS = variable(wholeNumber(1, 600_000).default(15_000), {
  description: 'longest time one picture may take to arrive',
  unit: 'ms',
});

export const S3_ENDPOINT = variable(z.url({ protocol: /^https?$/ }).optional(), {
  description: 'server of s3: locations and URIs (MinIO and others); unset: AWS',
});

export const S3_REGION = variable(z.string().optional(), {
  description: 'region of s3: locations and URIs; unset: us-east-1',
});

export const TENSORFLOW_FOLDER = variable(z.string().optional(), {
  description: 'folder that TensorFlow.js was installed in, by npm; unset: the product’s own',
});
