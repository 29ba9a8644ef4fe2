/** Safe for the browser. What needs Node's modules has an entry of its own (`@housestyle/contracts/captioner`). */
import './no-eval-in-browsers.js';

export * from './events/index.js';
export * from './http/index.js';

/** What the page knows of the domain. */
export { LEAST_PICTURES, refusalSentence, verdictSentences } from '@housestyle/domain';
