// apps/trainer's main, but for what an adaptation is.
import { runTrainer } from '@housestyle/trainer';

runTrainer(new URL('./slow-adaptation.worker.mjs', import.meta.url));
