import { Buffer } from 'node:buffer';

/**
 * Trains a byte-level byte pair encoding as GPT-2's: words by its own pattern, bytes as its printable characters, the
 * most frequent pair merged next (of several the first in order of characters).
 * @param {readonly string[]} texts
 * @param {{ size: number, specialToken: string }} options `size` of the vocabulary, the special token included
 * @returns {{ vocab: Record<string, number>, merges: string }} the contents of vocab.json and merges.txt
 */
export function trainBytePairs(texts, { size, specialToken }) {
  const words = countWords(texts);
  const tokens = [specialToken, ...[...CHARACTERS].sort()];
  const merges = [];
  while (tokens.length < size) {
    const pair = mostFrequentPair(words);
    if (!pair) break;
    merges.push(pair);
    tokens.push(pair.replace(' ', ''));
    for (const word of words) word.symbols = merged(word.symbols, pair);
  }
  return {
    vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
    merges: `#version: 0.2\n${merges.join('\n')}\n`,
  };
}

/** GPT-2's character of every byte. */
const CHARACTERS = (() => {
  const isPrintable = (byte) => (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(isPrintable(byte) ? byte : next++));
})();

/** Every word as its characters of bytes, with its number. */
function countWords(texts) {
  const counts = new Map();
  for (const text of texts) {
    for (const [word] of text.matchAll(WORDS)) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return [...counts].map(([word, count]) => ({
    symbols: [...Buffer.from(word)].map((byte) => CHARACTERS[byte]),
    count,
  }));
}

const WORDS = / ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+/gu;

function mostFrequentPair(words) {
  const counts = new Map();
  for (const { symbols, count } of words) {
    for (let n = 0; n + 1 < symbols.length; n++) {
      const pair = `${symbols[n]} ${symbols[n + 1]}`;
      counts.set(pair, (counts.get(pair) ?? 0) + count);
    }
  }
  let best;
  for (const [pair, count] of counts) {
    if (!best || count > best.count || (count === best.count && pair < best.pair)) best = { pair, count };
  }
  return best?.pair;
}

function merged(symbols, pair) {
  const result = [];
  for (let n = 0; n < symbols.length; n++) {
    const isPair = n + 1 < symbols.length && `${symbols[n]} ${symbols[n + 1]}` === pair;
    result.push(isPair ? symbols[n] + symbols[++n] : symbols[n]);
  }
  return result;
}
