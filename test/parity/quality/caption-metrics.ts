/**
 * BLEU-4 and CIDEr-D by the definitions of the demo model's quality table: words are runs of a-z, 0-9 and apostrophes,
 * lower-cased; BLEU's reference length is the closest, the shorter of two equally close; CIDEr-D has σ 6 and takes its
 * document frequencies from the references themselves.
 */
export interface CaptionedPicture {
  readonly caption: string;
  readonly references: readonly string[];
}

export function bleu4(pictures: readonly CaptionedPicture[]): number {
  const matched = [0, 0, 0, 0];
  const total = [0, 0, 0, 0];
  let [captionLength, referenceLength] = [0, 0];
  for (const { caption, references } of pictures) {
    const words = wordsOf(caption);
    const others = references.map(wordsOf);
    captionLength += words.length;
    referenceLength += closest(
      others.map(({ length }) => length),
      words.length,
    );
    for (const n of ORDERS) {
      const most = new Map<string, number>();
      for (const other of others) {
        for (const [gram, count] of grams(other, n)) most.set(gram, Math.max(most.get(gram) ?? 0, count));
      }
      for (const [gram, count] of grams(words, n)) matched[n - 1]! += Math.min(count, most.get(gram) ?? 0);
      total[n - 1]! += Math.max(0, words.length - n + 1);
    }
  }
  if (matched.includes(0)) return 0;
  const brevity = captionLength > referenceLength ? 1 : Math.exp(1 - referenceLength / captionLength);
  return brevity * Math.exp(mean(ORDERS.map((n) => Math.log(matched[n - 1]! / total[n - 1]!))));
}

export function ciderD(pictures: readonly CaptionedPicture[]): number {
  const documents = ORDERS.map((n) => {
    const frequency = new Map<string, number>();
    for (const { references } of pictures) {
      const present = new Set(references.flatMap((reference) => [...grams(wordsOf(reference), n).keys()]));
      for (const gram of present) frequency.set(gram, (frequency.get(gram) ?? 0) + 1);
    }
    return frequency;
  });
  const weighted = (words: readonly string[], n: number): Map<string, number> =>
    new Map(
      [...grams(words, n)].map(([gram, count]) => [
        gram,
        count * (Math.log(pictures.length) - Math.log(Math.max(1, documents[n - 1]!.get(gram) ?? 0))),
      ]),
    );
  const scores = pictures.map(({ caption, references }) => {
    const words = wordsOf(caption);
    const similarities = ORDERS.flatMap((n) => {
      const mine = weighted(words, n);
      return references.map((reference) => {
        const others = wordsOf(reference);
        const theirs = weighted(others, n);
        const lengths = norm(mine) * norm(theirs);
        if (lengths === 0) return 0;
        return (
          (clippedDot(mine, theirs) / lengths) * Math.exp(-((words.length - others.length) ** 2) / (2 * SIGMA ** 2))
        );
      });
    });
    return 10 * mean(similarities);
  });
  return mean(scores);
}

const ORDERS = [1, 2, 3, 4] as const;
const SIGMA = 6;

const wordsOf = (text: string): string[] => text.toLowerCase().match(/[a-z0-9']+/g) ?? [];

function grams(words: readonly string[], n: number): Map<string, number> {
  const counts = new Map<string, number>();
  for (let i = 0; i + n <= words.length; i++) {
    const gram = words.slice(i, i + n).join(' ');
    counts.set(gram, (counts.get(gram) ?? 0) + 1);
  }
  return counts;
}

function closest(lengths: readonly number[], length: number): number {
  return [...lengths].sort((a, b) => Math.abs(a - length) - Math.abs(b - length) || a - b)[0]!;
}

function clippedDot(mine: ReadonlyMap<string, number>, theirs: ReadonlyMap<string, number>): number {
  let dot = 0;
  for (const [gram, weight] of mine) dot += Math.min(weight, theirs.get(gram) ?? 0) * (theirs.get(gram) ?? 0);
  return dot;
}

const norm = (vector: ReadonlyMap<string, number>): number => Math.hypot(...vector.values());
const mean = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0) / values.length;
