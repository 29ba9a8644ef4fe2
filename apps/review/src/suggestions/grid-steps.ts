/** Which way a key moves in the grid. */
export type Step = 'previous' | 'next' | 'up' | 'down' | 'first' | 'last';

/** The index to go to from `index` (-1: nowhere yet) in a grid of `count` cards, `columns` to a row; never outside. */
export function stepIn(step: Step, index: number, count: number, columns: number): number {
  if (count === 0) return -1;
  if (index < 0) return step === 'last' ? count - 1 : 0;
  const target = {
    previous: index - 1,
    next: index + 1,
    up: index - columns < 0 ? index : index - columns,
    down: isLastRow(index, count, columns) ? index : index + columns,
    first: 0,
    last: count - 1,
  }[step];
  return Math.min(Math.max(target, 0), count - 1);
}

/** How many columns the browser made of a `grid-template-columns` rule. */
export const columnsOf = (grid: HTMLElement): number => getComputedStyle(grid).gridTemplateColumns.split(' ').length;

const isLastRow = (index: number, count: number, columns: number): boolean =>
  Math.floor(index / columns) === Math.floor((count - 1) / columns);
