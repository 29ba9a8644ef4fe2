/** The HTTP API: every request and answer. The review page bundles these for the browser: no Node module here. */
export * from './api-key.js';
export * from './asset.js';
export * from './erasure.js';
export * from './health.js';
export * from './interpretation.js';
export * from './learning.js';
export * from './mapper.js';
export * from './page.js';
export * from './problem.js';
export * from './session.js';
export * from './stream.js';
export * from './suggestion.js';
export * from './training-run.js';
export * from './webhook.js';
