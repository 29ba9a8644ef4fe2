export { ptbTokenise, tokeniseCaptions } from './ptb-tokeniser.js';
