/** Safe for the browser. What needs Node's modules has an entry of its own (`@housestyle/contracts/captioner`). */
export * from './events/index.js';
export * from './http/index.js';
