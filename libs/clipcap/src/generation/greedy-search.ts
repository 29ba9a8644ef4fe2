import type { Beam, Continuations, NextRow, Search } from './search.js';
import type { StoppingCriteria } from './stopping-criteria.js';

/**
 * Always the likeliest token. ClipCap's `generate2`, top-p 0.8 and any temperature, is this too: its filter never removes
 * the token it then takes, so nothing is computed for it.
 */
export class GreedySearch implements Search {
  readonly breadth = 1;
  nextRows: readonly NextRow[] = [];
  /** of each token so far. */
  readonly logProbs: number[] = [];
  private readonly tokens: number[] = [];
  private isStopped = false;

  constructor(private readonly criteria: StoppingCriteria) {}

  advance([row]: readonly Continuations[]): void {
    const tokenId = row!.ids[0]!;
    this.tokens.push(tokenId);
    this.logProbs.push(row!.logProbs[0]!);
    this.isStopped = this.criteria.stopTokenIds.has(tokenId);
    const isDone = this.isStopped || this.tokens.length >= this.criteria.maxNewTokens;
    this.nextRows = isDone ? [] : [{ tokenId, parent: 0 }];
  }

  beams(): readonly Beam[] {
    const sum = this.logProbs.reduce((total, logProb) => total + logProb, 0);
    return [{ tokens: [...this.tokens], score: sum / this.tokens.length, isStopped: this.isStopped }];
  }
}
