import { runTrainer } from './run-trainer.js';

runTrainer(new URL('./adaptation/adaptation.worker.js', import.meta.url));
