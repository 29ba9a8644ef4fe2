import type { Beam, Continuations, NextRow, Search } from './search.js';
import type { StoppingCriteria } from './stopping-criteria.js';

/**
 * ClipCap's `generate_beam`, step for step. Candidates are ranked by their mean log-probability at every step; a
 * stopped beam stays a candidate, unchanged, and competes with the running ones; the sum of a beam is recovered as
 * mean × length. The reference computes in fp32, so each operation here is rounded to fp32 in the same order: sums that
 * tie or nearly tie must fall the same way. (The reference lets a stopped beam go on with token 0 at log-probability 0
 * and cuts these tokens off at the end: here they are never added.)
 */
export class BeamSearch implements Search {
  readonly breadth: number;
  nextRows: readonly NextRow[] = [];
  private running: readonly RunningBeam[] = [ROOT];
  private steps = 0;

  constructor(
    private readonly numBeams: number,
    private readonly criteria: StoppingCriteria,
  ) {
    this.breadth = numBeams;
  }

  advance(rows: readonly Continuations[]): void {
    let row = 0;
    const candidates = this.running.flatMap((beam) =>
      beam.isStopped ? [standStill(beam)] : this.continued(beam, row, rows[row++]!),
    );
    // A stable sort: of equal candidates the earlier beam's comes first, then the likelier token.
    candidates.sort((a, b) => b.mean - a.mean);
    this.running = candidates.slice(0, this.numBeams).map((candidate) => ({
      ...candidate,
      sum: Math.fround(candidate.mean * candidate.tokens.length),
    }));
    this.steps++;
    this.nextRows = this.steps >= this.criteria.maxNewTokens ? [] : this.running.filter(isRunning).map(lastToken);
  }

  beams(): readonly Beam[] {
    return this.running
      .map(({ tokens, sum, isStopped }) => ({ tokens, score: Math.fround(sum / tokens.length), isStopped }))
      .sort((a, b) => b.score - a.score);
  }

  private continued(beam: RunningBeam, row: number, { ids, logProbs }: Continuations): RunningBeam[] {
    return ids.slice(0, this.numBeams).map((tokenId, rank) => {
      const tokens = [...beam.tokens, tokenId];
      const sum = Math.fround(beam.sum + logProbs[rank]!);
      const isStopped = this.criteria.stopTokenIds.has(tokenId);
      return { tokens, sum, mean: Math.fround(sum / tokens.length), isStopped, row };
    });
  }
}

interface RunningBeam {
  readonly tokens: readonly number[];
  readonly sum: number;
  /** as it was ranked. */
  readonly mean: number;
  readonly isStopped: boolean;
  /** the row of the last step it continues. */
  readonly row: number;
}

const ROOT: RunningBeam = { tokens: [], sum: 0, mean: 0, isStopped: false, row: 0 };

const standStill = (beam: RunningBeam): RunningBeam => ({ ...beam, mean: Math.fround(beam.sum / beam.tokens.length) });
const isRunning = (beam: RunningBeam): boolean => !beam.isStopped;
const lastToken = (beam: RunningBeam): NextRow => ({ tokenId: beam.tokens.at(-1)!, parent: beam.row });
