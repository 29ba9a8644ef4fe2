import type { CaptionedRow } from '@housestyle/checkpoints';

/**
 * The official parse_conceptual.py collects the training pictures' embeddings behind the validation pictures' but numbers
 * their captions from 0 again, so that in its training pickle every training caption names another picture's row.
 * Captions and rows are in the same order there: a file that shows this numbering is read by position.
 * @returns the captions with their own rows; undefined where the numbering is sound
 */
export function renumbered(captions: readonly CaptionedRow[], numRows: number): CaptionedRow[] | undefined {
  if (captions.length !== numRows) return undefined;
  const restart = captions.findIndex(({ row }, n) => row !== n);
  if (restart < 0) return undefined;
  const isRestarted = captions.slice(restart).every(({ row }, n) => row === n);
  return isRestarted ? captions.map((caption, row) => ({ ...caption, row })) : undefined;
}
