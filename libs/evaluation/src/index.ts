export { bleu, type BleuScores } from './bleu.js';
export type { CaptionedPicture, Score } from './captioned-picture.js';
export { ciderD, ciderPlain } from './cider.js';
export { distinctRatio } from './distinct-ratio.js';
export { DocumentFrequencies } from './document-frequencies.js';
export { meanEditDistance, normalisedEditDistance } from './edit-distance.js';
export { evaluateCaptions, tokenisePictures, type CaptionEvaluation, type CaptionScores } from './evaluate-captions.js';
export { ptbTokenise, tokeniseCaptions } from './ptb-tokeniser.js';
export { rougeL } from './rouge-l.js';
