/** A stretch of words that both texts have, or one of them only. */
export interface DiffPart {
  readonly kind: 'same' | 'removed' | 'added';
  readonly text: string;
}

/**
 * From one text to another by whole words, with as few changes as can be. What is left standing between two changes
 * is part of the change if it is next to nothing: a person reads one change, not four. What goes stands before what
 * comes.
 */
export function diffWords(from: string, to: string): DiffPart[] {
  const parts: DiffPart[] = [];
  let removed = '';
  let added = '';
  const flush = () => {
    if (removed !== '') parts.push({ kind: 'removed', text: removed });
    if (added !== '') parts.push({ kind: 'added', text: added });
    removed = added = '';
  };
  const steps = runs(from, to);
  for (const [n, { kind, text }] of steps.entries()) {
    const isInside = removed + added !== '' && n < steps.length - 1;
    if (kind === 'same' && isInside && lettersOf(text) < LEAST_LETTERS) {
      removed += text;
      added += text;
    } else if (kind === 'same') {
      flush();
      parts.push({ kind, text });
    } else if (kind === 'removed') removed += text;
    else added += text;
  }
  flush();
  return parts;
}

/** Fewer between two changes do not part them. */
const LEAST_LETTERS = 3;
const lettersOf = (text: string): number => text.match(/[\p{L}\p{N}]/gu)?.length ?? 0;

/** The shortest way, neighbours of a kind in one. */
function runs(from: string, to: string): DiffPart[] {
  const [a, b] = [wordsOf(from), wordsOf(to)];
  const common = commonLengths(a, b);
  const parts: DiffPart[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      push(parts, 'same', a[i]);
      i++;
      j++;
    } else if (i < a.length && (j === b.length || common[i + 1][j] >= common[i][j + 1])) {
      push(parts, 'removed', a[i++]);
    } else {
      push(parts, 'added', b[j++]);
    }
  }
  return parts;
}

/** Punctuation is a word of its own, so that “boat.” and “boat,” share the boat. */
const wordsOf = (text: string): string[] => text.match(/[\p{L}\p{M}\p{N}’'-]+|\s+|[^\s]/gu) ?? [];

/** `lengths[i][j]`: the longest common subsequence of what is left of both from there. */
function commonLengths(a: readonly string[], b: readonly string[]): number[][] {
  const lengths = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0));
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      lengths[i][j] = a[i] === b[j] ? lengths[i + 1][j + 1] + 1 : Math.max(lengths[i + 1][j], lengths[i][j + 1]);
  return lengths;
}

function push(parts: DiffPart[], kind: DiffPart['kind'], text: string): void {
  const last = parts.at(-1);
  if (last?.kind === kind) parts[parts.length - 1] = { kind, text: last.text + text };
  else parts.push({ kind, text });
}
