import type { Interpretation, PrefixPosition } from '@housestyle/clipcap';
import type { PictureOutcome } from '../over-pictures.js';

/**
 * As JSON one object for one picture; as text its path and a row for each position: its number, and its nearest words with
 * their cosines. Undefined when only stderr speaks of it.
 */
export function interpretationLines(
  outcome: PictureOutcome<Interpretation>,
  { json }: { readonly json: boolean },
): string | undefined {
  const { image } = outcome;
  if ('error' in outcome) {
    const { code, message } = outcome.error;
    return json ? JSON.stringify({ image, error: { code, message } }) : undefined;
  }
  const { positions } = outcome.output;
  if (!json) return [image, ...rowsOf(positions)].join('\n');
  const prefix = positions.map(({ norm, words }, index) => ({
    position: index + 1,
    norm,
    words: words.map(({ text, tokenId, cosine }) => ({ word: text, token: tokenId, cosine })),
  }));
  return JSON.stringify({ image, prefix });
}

function rowsOf(positions: readonly PrefixPosition[]): string[] {
  const cells = positions.map(({ words }) => words.map(({ text, cosine }) => `${visible(text)} ${cosine.toFixed(3)}`));
  const width = Math.max(...cells.flat().map((cell) => cell.length));
  const digits = String(positions.length).length;
  return cells.map((row, index) =>
    `  ${String(index + 1).padStart(digits)}  ${row.map((cell) => cell.padEnd(width)).join('  ')}`.trimEnd(),
  );
}

/** In one line and apart from its neighbours: a token's own space becomes `␣`, what cannot be printed an escape. */
const visible = (text: string): string =>
  text.replaceAll(' ', '␣').replaceAll(/\p{C}/gu, (character) => JSON.stringify(character).slice(1, -1));
