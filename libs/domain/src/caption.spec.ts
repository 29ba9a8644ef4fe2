import { expect, it } from 'vitest';
import { DEFAULT_GENERATION, generationKey } from './caption.js';

it('names settings as it always did when they say nothing new', () => {
  expect(generationKey(DEFAULT_GENERATION)).toBe('beam/5/67/mapper');
  expect(generationKey({ decode: 'greedy', numBeams: 1, maxNewTokens: 20, stopTokenIds: [50256, 13] })).toBe(
    'greedy/1/20/13,50256',
  );
});

it('tells apart whatever leads to other captions, in any order', () => {
  const sample = { decode: 'sample', numBeams: 1, maxNewTokens: 67 } as const;
  expect(generationKey({ ...sample, topP: 0.9, seed: 3 })).toBe('sample/1/67/mapper/seed=3/topP=0.9');
  expect(generationKey({ seed: 3, topP: 0.9, ...sample })).toBe(generationKey({ ...sample, topP: 0.9, seed: 3 }));
});
