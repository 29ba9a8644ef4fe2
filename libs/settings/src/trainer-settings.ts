import { z } from 'zod';
import { CAPTIONER_VARIABLES } from './captioner-settings.js';
import { readSettings, variable, wholeNumber, type Environment } from './read-settings.js';
import {
  ARTEFACT_STORE,
  DATABASE_ROLE_URLS,
  DATABASE_STATEMENT_TIMEOUT_MS,
  DATABASE_URL,
  LOG_LEVEL,
  METRICS_PORT,
  MODEL_LIBRARY,
  S3_ENDPOINT,
  S3_REGION,
  SHUTDOWN_TIMEOUT_MS,
  TENSORFLOW_FOLDER,
} from './variables.js';

export const TRAINER_VARIABLES = {
  DATABASE_URL,
  ...DATABASE_ROLE_URLS,
  DATABASE_STATEMENT_TIMEOUT_MS,
  MODEL_DIRECTORIES: variable(CAPTIONER_VARIABLES.MODEL_DIRECTORIES, {
    description: 'base models to train mappers for, comma-separated: those the captioner serves',
  }),
  MODEL_LIBRARY,
  ARTEFACT_STORE,
  S3_ENDPOINT,
  S3_REGION,
  TRAINER_THREADS: variable(wholeNumber(1, 256).optional(), {
    description:
      'threads of a training run, each with a copy of a narrow base; unset: one per core, with a narrow base at most 4',
  }),
  TRAINER_ENGINE: variable(z.enum(['onnx', 'tensorflow']).default('onnx'), {
    description:
      'what computes losses and gradients; tensorflow needs @tensorflow/tfjs-node-gpu or @tensorflow/tfjs-node, and takes its threads from TF_NUM_INTRAOP_THREADS',
  }),
  TENSORFLOW_FOLDER,
  MAX_EDITOR_SHARE: variable(z.coerce.number().min(0.5).max(1).default(0.5), {
    description:
      'the most that one of three or more editors may write of what a mapper learns from and is judged by; below 1 it also leaves out what one of them alone repeats; 1: whoever reviews decides',
  }),
  TRAINER_POLL_MS: variable(wholeNumber(100, 3_600_000).default(15_000), {
    description: 'how often runs that another trainer has left are looked for',
    unit: 'ms',
  }),
  LOG_LEVEL,
  METRICS_PORT,
  SHUTDOWN_TIMEOUT_MS,
};

export const readTrainerSettings = (environment?: Environment) => readSettings(TRAINER_VARIABLES, environment);
export type TrainerSettings = ReturnType<typeof readTrainerSettings>;
