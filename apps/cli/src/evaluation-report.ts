import type { EvaluationScores } from './evaluate.command.js';

/** For people: one metric a line, four decimals. */
export function scoreTable(scores: EvaluationScores, numPictures: number): string {
  const rows: [string, number | undefined, string?][] = [
    ...scores.bleu.map((score, order): [string, number] => [`BLEU-${order + 1}`, score]),
    ['METEOR', scores.meteor],
    ['ROUGE-L', scores.rougeL],
    ['CIDEr', scores.cider, 'as the COCO code and papers have it: CIDEr-D'],
    ['plain CIDEr', scores.ciderPlain, 'as first defined, without clipping and length penalty'],
    ['SPICE', scores.spice],
  ];
  const lines = rows.flatMap(([name, score, note]) =>
    score === undefined ? [] : [`${name.padEnd(12)}${score.toFixed(4).padStart(8)}${note ? `  ${note}` : ''}`],
  );
  return [`${numPictures} ${numPictures === 1 ? 'picture' : 'pictures'}`, ...lines].join('\n');
}
