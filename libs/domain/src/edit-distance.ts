/**
 * How much of `suggested` an editor had to change: Levenshtein distance over characters (code points) divided by the
 * longer text's length; 0 = untouched, 1 = nothing left.
 */
export function editDistance(suggested: string, accepted: string): number {
  const [a, b] = [[...suggested], [...accepted]];
  const longest = Math.max(a.length, b.length);
  return longest === 0 ? 0 : levenshtein(a, b) / longest;
}

function levenshtein(a: readonly string[], b: readonly string[]): number {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (const [row, letter] of a.entries()) {
    const current = [row + 1];
    for (const [column, other] of b.entries()) {
      const substituted = previous[column]! + (letter === other ? 0 : 1);
      current.push(Math.min(substituted, previous[column + 1]! + 1, current[column]! + 1));
    }
    previous = current;
  }
  return previous[b.length]!;
}
