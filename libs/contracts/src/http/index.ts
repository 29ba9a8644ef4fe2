/**
 * The HTTP API: every request and answer. Imported as `@housestyle/contracts/http`, apart from the gRPC half, because
 * the review page bundles it for the browser: nothing here may import a Node module.
 */
export * from './api-key.js';
export * from './asset.js';
export * from './health.js';
export * from './mapper.js';
export * from './page.js';
export * from './problem.js';
export * from './session.js';
export * from './stream.js';
export * from './suggestion.js';
