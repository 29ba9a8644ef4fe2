/**
 * The same items in turns: the first of each key in the order they came, then the second of each, and so on. Whoever has
 * many of them keeps nobody with few waiting.
 */
export function inTurns<T, Key>(items: readonly T[], keyOf: (item: T) => Key): T[] {
  const counts = new Map<Key, number>();
  const turns: T[][] = [];
  for (const item of items) {
    const key = keyOf(item);
    const turn = counts.get(key) ?? 0;
    counts.set(key, turn + 1);
    (turns[turn] ??= []).push(item);
  }
  return turns.flat();
}
