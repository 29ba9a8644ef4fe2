/** Safe for the browser. What needs Node's modules has an entry of its own (`@housestyle/contracts/captioner`). */
export * from './http/index.js';
