import { z } from 'zod';
import { list, readSettings, variable, wholeNumber, type Environment } from './read-settings.js';
import {
  ARTEFACT_STORE,
  CAPTIONER_TLS,
  LOG_LEVEL,
  METRICS_PORT,
  MODEL_LIBRARY,
  S3_ENDPOINT,
  S3_REGION,
  SHUTDOWN_TIMEOUT_MS,
} from './variables.js';

export const CAPTIONER_VARIABLES = {
  CAPTIONER_HOST: variable(z.string().default('127.0.0.1'), { description: 'address the gRPC server listens on' }),
  CAPTIONER_PORT: variable(wholeNumber(0, 65_535).default(50_051), {
    description: 'port the gRPC server listens on; 0 picks a free one and logs it',
  }),
  ...CAPTIONER_TLS,
  CAPTIONER_TLS_CLIENTS: variable(list.default([]), {
    description:
      'names of the clients that may call, comma-separated, each in its certificate as a DNS name; empty: every client with a certificate of CAPTIONER_TLS_CA',
  }),
  MODEL_DIRECTORIES: variable(list.default(['models/demo']), {
    description: 'base models to serve, comma-separated: directories, or names in MODEL_LIBRARY',
  }),
  MODEL_MEMORY_BYTES: variable(wholeNumber(1, Number.MAX_SAFE_INTEGER).optional(), {
    description:
      'what the loaded base models may take together, as estimated from their weights for all worker threads; as many as fit are loaded at the start, in the order of MODEL_DIRECTORIES, the others when they are asked for, and the longest unused makes room; unset: all are loaded',
    unit: 'bytes',
  }),
  MODEL_LOAD_TIMEOUT_MS: variable(wholeNumber(1, 600_000).default(10_000), {
    description: 'how long a call waits for its base model to be loaded; then it fails, worth a retry',
    unit: 'ms',
  }),
  MODEL_LIBRARY,
  MAPPER_CACHE: variable(z.string().default('.housestyle/mapper-cache'), {
    description: 'folder for pulled mapper artefacts',
  }),
  MAPPER_CACHE_ENTRIES: variable(wholeNumber(1, 100_000).default(4096), {
    description: 'mappers kept loaded per worker and base model',
  }),
  MAPPER_CACHE_BYTES: variable(wholeNumber(1, Number.MAX_SAFE_INTEGER).default(2 * 1024 ** 3), {
    description:
      'weights of mappers kept loaded per worker and base model, beside MODEL_MEMORY_BYTES; deltas that several workers keep lie in memory once',
    unit: 'bytes',
  }),
  MAPPER_CACHE_DISK_BYTES: variable(wholeNumber(1, Number.MAX_SAFE_INTEGER).default(10 * 1024 ** 3), {
    description: 'mapper artefacts kept in MAPPER_CACHE; beyond it the longest unused are removed',
    unit: 'bytes',
  }),
  MAPPER_PULL_TIMEOUT_MS: variable(wholeNumber(1, 600_000).default(10_000), {
    description: 'how long an item waits for its mapper to be pulled; then it fails, worth a retry',
    unit: 'ms',
  }),
  DEVICE: variable(z.enum(['cpu', 'cuda', 'webgpu']).default('cpu'), {
    description: 'where the models run: cpu, cuda (an NVIDIA GPU) or webgpu; one that is not there stops the start',
  }),
  WORKERS: variable(wholeNumber(1, 64).optional(), {
    description:
      'worker threads of a base model, each with its own copy; unset: one per core, at most 4, and one on a GPU',
  }),
  THREADS_PER_WORKER: variable(wholeNumber(1, 256).optional(), {
    description: 'threads of one inference; unset: the cores shared among the workers',
  }),
  PRECISION: variable(z.enum(['fp32', 'fp16', 'int8', 'int8-static']).default('fp32'), {
    description:
      'what the models are computed in: fp32, the reference; fp16, for GPUs: half the memory of weights; int8, twice as fast or more where the processor has instructions for it, with a few captions worded otherwise; int8-static, from a calibration beside the base model',
  }),
  MAX_BATCH: variable(wholeNumber(1, 256).default(32), {
    description: 'images that a worker thread has under way together; each leaves when it is done, and the next enters',
  }),
  MAX_QUEUE: variable(wholeNumber(1, 100_000).default(512), {
    description:
      'images waiting for a base model; beyond it, or with twice as many inside for each base model whatever they wait for, calls get RESOURCE_EXHAUSTED',
  }),
  ARTEFACT_STORE,
  S3_ENDPOINT,
  S3_REGION,
  LOG_LEVEL,
  METRICS_PORT,
  SHUTDOWN_TIMEOUT_MS,
};

export const readCaptionerSettings = (environment?: Environment) => readSettings(CAPTIONER_VARIABLES, environment);
export type CaptionerSettings = ReturnType<typeof readCaptionerSettings>;
