import { expect, it } from 'vitest';
import { Gpt2Tokenizer } from '../gpt2-tokenizer.js';
import { toHypothesis } from './hypothesis.js';

const tokenizer = new Gpt2Tokenizer({ vocab: { A: 0, Ġcat: 1, '.': 2, '<|endoftext|>': 3 }, merges: '' });

it('cuts the end of text from the text and keeps it among the tokens', () => {
  expect(toHypothesis({ tokens: [0, 1, 3], score: -0.5, isStopped: true }, tokenizer)).toEqual({
    text: 'A cat',
    score: -0.5,
    tokens: [0, 1, 3],
    isStopped: true,
  });
});

it('keeps a period', () => {
  expect(toHypothesis({ tokens: [0, 1, 2], score: -1, isStopped: true }, tokenizer).text).toBe('A cat.');
});
