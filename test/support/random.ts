import { Random as Stream } from '@housestyle/training';

/** Everything a test decides by chance, drawn from its seed: the same seed decides the same. */
export class Random extends Stream {
  /** A whole number, both ends included. */
  between(low: number, high: number): number {
    return low + Math.floor(this.uniform() * (high - low + 1));
  }
}
