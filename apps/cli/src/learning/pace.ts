import { performance } from 'node:perf_hooks';
import { seconds } from '../wording.js';

/** How long the rest will take, going by this process's steps so far. */
export class Pace {
  private first: { readonly step: number; readonly at: number } | undefined;

  left(step: number, steps: number): string {
    this.first ??= { step, at: performance.now() };
    if (step === this.first.step) return '';
    const perStep = (performance.now() - this.first.at) / (step - this.first.step);
    return `${seconds(((steps - step) * perStep) / 1000)} left`;
  }
}
