export * from './administration-settings.js';
export * from './api-settings.js';
export * from './captioner-settings.js';
export * from './client-settings.js';
export * from './pipeline-settings.js';
export { readSettings, type Environment, type VariableMeta } from './read-settings.js';
export * from './standalone-settings.js';
export * from './trainer-settings.js';
export * from './training-settings.js';
