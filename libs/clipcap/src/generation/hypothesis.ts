import type { Hypothesis } from '@housestyle/domain';
import type { Gpt2Tokenizer } from '../gpt2-tokenizer.js';
import type { Beam } from './search.js';

/** The best `count` of beams that come best first, as texts that all differ: of equal texts the first stands for all. */
export function toHypotheses(beams: readonly Beam[], tokenizer: Gpt2Tokenizer, count: number): Hypothesis[] {
  const byText = new Map<string, Hypothesis>();
  for (const beam of beams) {
    const hypothesis = toHypothesis(beam, tokenizer);
    if (!byText.has(hypothesis.text)) byText.set(hypothesis.text, hypothesis);
  }
  return [...byText.values()].slice(0, count);
}

/** A beam as text: `<|endoftext|>` is a mark, no word of the caption; any other stop, "." above all, is part of it. */
export function toHypothesis({ tokens, score, isStopped }: Beam, tokenizer: Gpt2Tokenizer): Hypothesis {
  const words = tokens.filter((token) => token !== tokenizer.endOfTextId);
  return { text: tokenizer.decode(words), score, tokens, isStopped };
}
