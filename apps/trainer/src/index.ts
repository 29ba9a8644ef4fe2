export { serveAdaptation, type Workshop } from './adaptation/serve-adaptation.js';
export { runTrainer } from './run-trainer.js';
