import type { Gpt2Tokenizer } from '@housestyle/clipcap';
import { endedTokens } from '@housestyle/training';

/** Captions as they are learned, and how a mapper that has learned them ends its own. */
export interface LearnedCaptions {
  readonly tokens: readonly (readonly number[])[];
  /** captions that had too many tokens. */
  readonly cut: number;
  readonly stop: number;
  readonly maxNewTokens: number;
}

/** Each ends with `<|endoftext|>`: a style may use no period, or several sentences. */
export function endedCaptions(
  texts: readonly (readonly number[])[],
  tokenizer: Gpt2Tokenizer,
  maxTokens: number,
): LearnedCaptions {
  const stop = tokenizer.endOfTextId;
  const tokens = texts.map((text) => endedTokens(text, { stopTokenId: stop, maxTokens }));
  const longest = Math.max(...tokens.map(({ length }) => length));
  return {
    tokens,
    cut: texts.filter(({ length }) => length >= maxTokens).length,
    stop,
    maxNewTokens: Math.min(maxTokens, Math.max(MAX_NEW_TOKENS, Math.ceil(ROOM * longest))),
  };
}

/** As the official code has them: as they are, cut only far from the others' length, and decoded up to a ".". */
export function officialCaptions(
  texts: readonly (readonly number[])[],
  tokenizer: Gpt2Tokenizer,
  maxTokens: number,
): LearnedCaptions {
  const most = Math.min(officialLength(texts.map(({ length }) => length)), maxTokens);
  return {
    tokens: texts.map((text) => text.slice(0, most)),
    cut: texts.filter(({ length }) => length > most).length,
    stop: tokenizer.encode('.')[0]!,
    maxNewTokens: Math.min(maxTokens, MAX_NEW_TOKENS),
  };
}

/** Ten deviations above the mean: a few captions of extreme length shall not pad all others. */
function officialLength(lengths: readonly number[]): number {
  const mean = lengths.reduce((sum, length) => sum + length, 0) / lengths.length;
  const squares = lengths.reduce((sum, length) => sum + (length - mean) ** 2, 0);
  const deviation = Math.sqrt(squares / (lengths.length - 1));
  const longest = Math.max(...lengths);
  return Number.isNaN(deviation) ? longest : Math.min(Math.floor(mean + 10 * deviation), longest);
}

const MAX_NEW_TOKENS = 67;
/** More than the longest caption: a few tokens of room. */
const ROOM = 1.25;
