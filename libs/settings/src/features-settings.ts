import { readSettings, type Environment } from './read-settings.js';
import { ALLOW_PRIVATE_ADDRESSES, FETCH_MAX_BYTES, FETCH_TIMEOUT_MS } from './variables.js';

export const FEATURES_VARIABLES = { ALLOW_PRIVATE_ADDRESSES, FETCH_MAX_BYTES, FETCH_TIMEOUT_MS };

export const readFeaturesSettings = (environment?: Environment) => readSettings(FEATURES_VARIABLES, environment);
export type FeaturesSettings = ReturnType<typeof readFeaturesSettings>;
