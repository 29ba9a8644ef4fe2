import { DomainError } from '@housestyle/domain';
import type { BpeFiles } from './model-files.js';

/** A text cut at its special tokens: plain stretches are encoded, special ones are one id. */
export type TextPiece = { readonly text: string } | { readonly specialTokenId: number };

// GPT-2's own pattern. `\s` is spelled as the Unicode property: JavaScript's `\s` counts U+FEFF in and U+0085 out.
const GPT2_WORDS =
  /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;

const MAX_CACHED_WORDS = 10_000;
const MAX_CACHED_LENGTH = 32;

/**
 * Byte-level byte pair encoding as GPT-2 and CLIP share it: a word's UTF-8 bytes become printable characters, which
 * are merged pair by pair in the order of merges.txt. `endOfWord` is CLIP's `</w>`, glued to a word's last character.
 */
export class BytePairEncoding {
  private readonly ranks: ReadonlyMap<string, number>;
  private readonly idsOfWord = new Map<string, readonly number[]>();

  constructor(
    private readonly files: BpeFiles,
    private readonly options: { readonly endOfWord?: string; readonly unknownTokenId?: number } = {},
  ) {
    this.ranks = readMerges(files.merges);
  }

  /** The ids of one stretch of text, split into words by GPT-2's pattern. */
  encode(text: string): number[] {
    return [...text.matchAll(GPT2_WORDS)].flatMap(([word]) => this.encodeWord(word));
  }

  private encodeWord(word: string): readonly number[] {
    const known = this.idsOfWord.get(word);
    if (known) return known;
    const { endOfWord = '', unknownTokenId } = this.options;
    const symbols = [...new TextEncoder().encode(word)].map((byte) => CHARACTER_OF_BYTE[byte] as string);
    symbols[symbols.length - 1] += endOfWord;
    const ids = this.merge(symbols)
      .map((symbol) => this.files.vocab[symbol] ?? unknownTokenId)
      .filter((id) => id !== undefined);
    if (word.length <= MAX_CACHED_LENGTH) {
      if (this.idsOfWord.size >= MAX_CACHED_WORDS) this.idsOfWord.clear();
      this.idsOfWord.set(word, ids);
    }
    return ids;
  }

  private merge(symbols: string[]): string[] {
    for (;;) {
      let best: string | undefined;
      let bestRank = Infinity;
      for (let i = 0; i + 1 < symbols.length; i++) {
        const pair = `${symbols[i]} ${symbols[i + 1]}`;
        const rank = this.ranks.get(pair);
        if (rank !== undefined && rank < bestRank) [best, bestRank] = [pair, rank];
      }
      if (best === undefined) return symbols;
      symbols = mergePair(symbols, best);
    }
  }
}

/** Cuts `text` at every occurrence of a special token, which is recognised as it is written, before any cleaning. */
export function splitAtSpecialTokens(text: string, specialTokens: ReadonlyMap<string, number>): TextPiece[] {
  if (specialTokens.size === 0) return [{ text }];
  const pattern = new RegExp(`(${[...specialTokens.keys()].map(escapeForPattern).join('|')})`);
  return text
    .split(pattern)
    .filter((piece) => piece !== '')
    .map((piece) => {
      const specialTokenId = specialTokens.get(piece);
      return specialTokenId === undefined ? { text: piece } : { specialTokenId };
    });
}

/** The bytes a token stands for, or undefined when it is not written in byte characters (an added token). */
export function bytesOfToken(token: string): number[] | undefined {
  const bytes = [...token].map((character) => BYTE_OF_CHARACTER.get(character));
  return bytes.every((byte) => byte !== undefined) ? bytes : undefined;
}

/** @throws DomainError `invalid_model` when the vocabulary lacks `token`. */
export function requireToken(files: BpeFiles, token: string): number {
  const id = files.vocab[token];
  if (id === undefined) throw new DomainError('invalid_model', `the tokenizer's vocabulary lacks ${token}`);
  return id;
}

function readMerges(merges: string): Map<string, number> {
  const pairs = merges.split(/\r?\n/).filter((line) => line.trim() !== '' && !line.startsWith('#version'));
  const malformed = pairs.find((pair) => pair.split(' ').length !== 2);
  if (malformed !== undefined) {
    throw new DomainError('invalid_model', `merges.txt holds a line that is not a pair: ${JSON.stringify(malformed)}`);
  }
  return new Map(pairs.map((pair, rank) => [pair, rank]));
}

function mergePair(symbols: readonly string[], pair: string): string[] {
  const merged: string[] = [];
  for (let i = 0; i < symbols.length; i++) {
    const isPair = i + 1 < symbols.length && `${symbols[i]} ${symbols[i + 1]}` === pair;
    merged.push(isPair ? `${symbols[i]}${symbols[++i]}` : (symbols[i] as string));
  }
  return merged;
}

const escapeForPattern = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');

// Printable bytes stand for themselves; the other 68 take the code points from U+0100 on, in order of the byte.
const CHARACTER_OF_BYTE: readonly string[] = (() => {
  const isPrintable = (byte: number): boolean =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(isPrintable(byte) ? byte : next++));
})();

const BYTE_OF_CHARACTER = new Map(CHARACTER_OF_BYTE.map((character, byte) => [character, byte]));
