import { PIPELINE_VARIABLES } from './pipeline-settings.js';
import { readSettings, type Environment } from './read-settings.js';
import { DATABASE_ROLE_URLS, DATABASE_URL, KAFKA_BROKERS, KAFKA_SECURITY } from './variables.js';

const { UPLOAD_TOPIC, S3_NOTIFICATION_TOPIC } = PIPELINE_VARIABLES;

/** The pipeline's own: a redrive sends things where it takes them from. */
export const REDRIVE_VARIABLES = {
  DATABASE_URL,
  ...DATABASE_ROLE_URLS,
  KAFKA_BROKERS,
  ...KAFKA_SECURITY,
  UPLOAD_TOPIC,
  S3_NOTIFICATION_TOPIC,
};

export const readRedriveSettings = (environment?: Environment) => readSettings(REDRIVE_VARIABLES, environment);
