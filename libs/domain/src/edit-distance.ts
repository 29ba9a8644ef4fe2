/**
 * How much of `suggested` an editor had to change: Levenshtein distance over characters (code points) divided by the
 * longer text's length; 0 = untouched, 1 = nothing left.
 */
export function normalisedEditDistance(suggested: string, accepted: string): number {
  if (suggested === accepted) return 0;
  const [from, to] = [[...suggested], [...accepted]];
  return levenshtein(from, to) / Math.max(from.length, to.length);
}

function levenshtein(from: readonly string[], to: readonly string[]): number {
  let previous = Uint32Array.from({ length: to.length + 1 }, (_, column) => column);
  let current = new Uint32Array(to.length + 1);
  for (const [row, character] of from.entries()) {
    current[0] = row + 1;
    for (let column = 1; column <= to.length; column++) {
      const replaced = previous[column - 1]! + (character === to[column - 1] ? 0 : 1);
      current[column] = Math.min(replaced, previous[column]! + 1, current[column - 1]! + 1);
    }
    [previous, current] = [current, previous];
  }
  return previous[to.length]!;
}
