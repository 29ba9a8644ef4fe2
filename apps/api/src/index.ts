export type { Outside } from './api.module.js';
export { createApp, startApi, type RunningApi } from './create-api.js';
