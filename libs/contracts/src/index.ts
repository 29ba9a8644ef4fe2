/** Safe for the browser. What needs Node's modules has an entry of its own (`@housestyle/contracts/captioner`). */
import './no-eval-in-browsers.js';

export * from './events/index.js';
export * from './http/index.js';

/** What the page says of the domain's words. */
export { refusalSentence, verdictSentences } from '@housestyle/domain';
