/** The next tokens of one row: the best, best first, or all, in the order of their ids. */
export interface Continuations {
  readonly ids: readonly number[];
  readonly logProbs: Float32Array;
}

/** A row the decoder is to run next: one more token behind one of the rows it ran last. */
export interface NextRow {
  readonly tokenId: number;
  /** index among the rows of the step before; after the prefix there is one row, 0. */
  readonly parent: number;
}

/** A way to a caption, ended or cut off. */
export interface Beam {
  /** the stop token included. */
  readonly tokens: readonly number[];
  /** mean log-probability per token, or by another length penalty where the search has one. */
  readonly score: number;
  readonly isStopped: boolean;
}

/**
 * One image's search. It is told the continuations of every row it asked for (first: of the prefix) and then says
 * which rows come next; none means that it is done. Rows that need no more computing are not asked for.
 */
export interface Search {
  /** how many continuations of each row it is given, best first; Infinity: all, in the order of their ids. */
  readonly breadth: number;
  readonly nextRows: readonly NextRow[];
  advance(rows: readonly Continuations[]): void;
  /** best first. */
  beams(): readonly Beam[];
}
