import type { Beam, Continuations, NextRow, Search } from './search.js';
import type { StoppingCriteria } from './stopping-criteria.js';

/**
 * Beam search as Hugging Face's `generate` does it with its defaults: running beams are ranked by their summed
 * log-probability, and those that end leave the race with the score sum / length^lengthPenalty. Only what is among the
 * best `numBeams` of a step may end there; further candidates make sure that as many go on. It is done when as many
 * have ended and the best running one, at its present length, would not replace the worst of them
 * (`early_stopping=False`). Rounded to fp32 where the reference is.
 */
export class HfBeamSearch implements Search {
  readonly breadth: number;
  nextRows: readonly NextRow[] = [];
  private running: readonly RunningBeam[] = [{ tokens: [], sum: 0, row: 0 }];
  /** best first. */
  private ended: readonly Beam[] = [];
  private length = 0;

  constructor(
    private readonly numBeams: number,
    private readonly criteria: StoppingCriteria,
    private readonly lengthPenalty = 1,
  ) {
    this.breadth = numBeams * Math.max(2, 1 + criteria.stopTokenIds.size);
  }

  advance(rows: readonly Continuations[]): void {
    this.length++;
    const candidates = this.running
      .flatMap((beam, row) => continued(beam, row, rows[row]!))
      .sort((a, b) => b.sum - a.sum)
      .slice(0, this.breadth);
    const ending = candidates.slice(0, this.numBeams).filter((beam) => this.isAtEnd(beam));
    this.ended = [...this.ended, ...ending.map((beam) => this.toBeam(beam))]
      .sort((a, b) => b.score - a.score)
      .slice(0, this.numBeams);
    this.running = candidates.filter((beam) => !this.isAtEnd(beam)).slice(0, this.numBeams);
    this.nextRows = this.isDone()
      ? []
      : this.running.map(({ tokens, row }) => ({ tokenId: tokens.at(-1)!, parent: row }));
  }

  beams(): readonly Beam[] {
    return this.ended;
  }

  private isDone(): boolean {
    const [best] = this.running;
    if (!best) return true;
    return this.ended.length === this.numBeams && this.score(best) <= this.ended.at(-1)!.score;
  }

  private isAtEnd({ tokens }: RunningBeam): boolean {
    return this.length >= this.criteria.maxNewTokens || this.criteria.stopTokenIds.has(tokens.at(-1)!);
  }

  private score({ sum }: RunningBeam): number {
    return Math.fround(sum / Math.fround(this.length ** this.lengthPenalty));
  }

  private toBeam(beam: RunningBeam): Beam {
    const isStopped = this.criteria.stopTokenIds.has(beam.tokens.at(-1)!);
    return { tokens: beam.tokens, score: this.score(beam), isStopped };
  }
}

interface RunningBeam {
  readonly tokens: readonly number[];
  readonly sum: number;
  /** the row of the last step it continues. */
  readonly row: number;
}

const continued = (beam: RunningBeam, row: number, { ids, logProbs }: Continuations): RunningBeam[] =>
  ids.map((tokenId, rank) => ({
    tokens: [...beam.tokens, tokenId],
    sum: Math.fround(beam.sum + logProbs[rank]!),
    row,
  }));
