import type { Hypothesis } from '@housestyle/domain';
import type { Gpt2Tokenizer } from '../gpt2-tokenizer.js';
import type { Beam } from './search.js';

/** A beam as text: `<|endoftext|>` is a mark, no word of the caption; any other stop, "." above all, is part of it. */
export function toHypothesis({ tokens, score, isStopped }: Beam, tokenizer: Gpt2Tokenizer): Hypothesis {
  const words = tokens.filter((token) => token !== tokenizer.endOfTextId);
  return { text: tokenizer.decode(words), score, tokens, isStopped };
}
