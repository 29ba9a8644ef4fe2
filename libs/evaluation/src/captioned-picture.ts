/** A picture's caption and what people wrote of it, as tokens between single spaces: see `tokeniseCaptions`. */
export interface CaptionedPicture {
  /** may be empty. */
  readonly hypothesis: string;
  /** at least one. */
  readonly references: readonly string[];
}

/** A metric over many pictures. */
export interface Score<T> {
  readonly corpus: T;
  /** in the pictures' order. */
  readonly perImage: readonly T[];
}

/** @throws RangeError for no pictures, or one without references: no metric is defined there. */
export function requireReferences(pictures: readonly CaptionedPicture[]): void {
  if (pictures.length === 0) throw new RangeError('no pictures to score');
  const bare = pictures.findIndex(({ references }) => references.length === 0);
  if (bare >= 0) throw new RangeError(`picture ${bare} has no references`);
}

/** The n-gram metrics' words: a token with a no-break space in it (`1 1/2`) is two. */
export const wordsOf = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '');

export const mean = (values: readonly number[]): number =>
  values.reduce((total, value) => total + value, 0) / values.length;
