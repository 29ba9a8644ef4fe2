import type { RandomStream } from './random-stream.js';
import type { Beam, Continuations, NextRow, Search } from './search.js';
import type { StoppingCriteria } from './stopping-criteria.js';
import type { TokenDistribution, TokenFilter } from './token-filter.js';

/**
 * Captions drawn token by token, each by random numbers of its own: what one draws depends on no other, nor on how many
 * there are. Their score is what the model thinks of them, whatever filter they were drawn through.
 */
export class SampleSearch implements Search {
  readonly breadth: number;
  nextRows: readonly NextRow[] = [];
  private readonly samples: readonly Sample[];

  /** @param streams one for each caption to draw */
  constructor(
    private readonly filter: TokenFilter,
    private readonly criteria: StoppingCriteria,
    streams: readonly RandomStream[],
  ) {
    this.breadth = filter.breadth;
    this.samples = streams.map((stream) => ({ stream, tokens: [], sum: 0, isStopped: false, row: 0 }));
  }

  advance(rows: readonly Continuations[]): void {
    const distributions = rows.map((row) => this.filter.distribution(row));
    for (const sample of this.samples.filter((each) => this.isRunning(each))) {
      const from = distributions[sample.row]!;
      const place = draw(from, sample.stream.next());
      sample.tokens.push(from.ids[place]!);
      sample.sum += from.logProbs[place]!;
      sample.isStopped = this.criteria.stopTokenIds.has(from.ids[place]!);
    }
    const running = this.samples.filter((sample) => this.isRunning(sample));
    this.nextRows = running.map(({ tokens, row }) => ({ tokenId: tokens.at(-1)!, parent: row }));
    running.forEach((sample, row) => (sample.row = row));
  }

  beams(): readonly Beam[] {
    return this.samples
      .map(({ tokens, sum, isStopped }) => ({ tokens: [...tokens], score: sum / tokens.length, isStopped }))
      .sort((a, b) => b.score - a.score);
  }

  private isRunning({ isStopped, tokens }: Sample): boolean {
    return !isStopped && tokens.length < this.criteria.maxNewTokens;
  }
}

interface Sample {
  readonly stream: RandomStream;
  readonly tokens: number[];
  /** of the log-probabilities. */
  sum: number;
  isStopped: boolean;
  /** among the rows of the next step; before the first one, the only one. */
  row: number;
}

/**
 * By the order of the ids, not of the probabilities: two that nearly tie may change places with the company an image is
 * computed in, and a draw must not follow them.
 */
function draw({ probabilities }: TokenDistribution, uniform: number): number {
  let below = 0;
  for (let place = 0; place < probabilities.length; place++) {
    below += probabilities[place]!;
    if (uniform < below) return place;
  }
  return probabilities.length - 1;
}
