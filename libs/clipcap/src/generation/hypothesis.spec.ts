import { expect, it } from 'vitest';
import { Gpt2Tokenizer } from '../gpt2-tokenizer.js';
import { toHypotheses, toHypothesis } from './hypothesis.js';

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

it('gives each text once, the best of it, and no more than asked for', () => {
  const beams = [
    { tokens: [0, 1, 3], score: -0.5, isStopped: true },
    { tokens: [0, 1], score: -0.6, isStopped: false },
    { tokens: [0, 3], score: -0.7, isStopped: true },
    { tokens: [1, 3], score: -0.8, isStopped: true },
  ];
  expect(toHypotheses(beams, tokenizer, 2).map(({ score }) => score)).toEqual([-0.5, -0.7]);
  expect(toHypotheses(beams, tokenizer, 10)).toHaveLength(3);
});
