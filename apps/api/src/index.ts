export { startApi, type RunningApi } from './create-api.js';
