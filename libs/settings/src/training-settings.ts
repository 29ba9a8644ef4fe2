import { readSettings, type Environment } from './read-settings.js';
import { TENSORFLOW_FOLDER } from './variables.js';

export const TRAINING_VARIABLES = { TENSORFLOW_FOLDER };

export const readTrainingSettings = (environment?: Environment) => readSettings(TRAINING_VARIABLES, environment);
