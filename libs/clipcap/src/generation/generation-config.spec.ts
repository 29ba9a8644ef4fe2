import { describe, expect, it } from 'vitest';
import { completeGeneration, parseGenerationDefaults, type GenerationDefaults } from './generation-config.js';

const PERIOD = 13;

describe('completeGeneration', () => {
  it('is the official 5 beams, 67 tokens and stop at "." when nobody says anything', () => {
    expect(completeGeneration([{}, {}], PERIOD)).toEqual({
      decode: 'beam',
      numBeams: 5,
      maxNewTokens: 67,
      stopTokenIds: [PERIOD],
      scoring: 'clipcap',
      lengthPenalty: 1,
      temperature: 1,
      topK: 0,
      topP: 1,
      seed: 0,
      numReturnSequences: 5,
    });
  });

  it('takes each field from the first layer that says it', () => {
    const mapper = parseGenerationDefaults({ stop: [1023], num_beams: 3 }, 'mapper');
    const base = parseGenerationDefaults({ stop: [0], max_new_tokens: 20 }, 'base');
    expect(completeGeneration([{ numBeams: 2 }, mapper, base], PERIOD)).toMatchObject({
      decode: 'beam',
      numBeams: 2,
      maxNewTokens: 20,
      stopTokenIds: [1023],
    });
  });

  it('lets a silent layer, or one that says undefined, be overruled', () => {
    const layers = [{ temperature: undefined } as unknown as GenerationDefaults, {}, { temperature: 0.5 }];
    expect(completeGeneration(layers, PERIOD).temperature).toBe(0.5);
  });

  it('gives back every beam, or one draw, when nobody says how many', () => {
    expect(completeGeneration([{ numBeams: 3 }], PERIOD).numReturnSequences).toBe(3);
    expect(completeGeneration([{ decode: 'sample', numBeams: 3 }], PERIOD).numReturnSequences).toBe(1);
    expect(completeGeneration([{ decode: 'sample', numReturnSequences: 7 }], PERIOD).numReturnSequences).toBe(7);
  });

  it.each<GenerationDefaults>([
    { numBeams: 0 },
    { numBeams: 11 },
    { numBeams: 2.5 },
    { maxNewTokens: 0 },
    { stopTokenIds: [-1] },
    { decode: 'sideways' as 'beam' },
    { scoring: 'best' as 'hf' },
    { lengthPenalty: NaN },
    { lengthPenalty: 11 },
    { temperature: 0 },
    { temperature: -1 },
    { temperature: Infinity },
    { topP: 0 },
    { topP: 1.01 },
    { topK: -1 },
    { topK: 1.5 },
    { seed: -1 },
    { seed: 2 ** 32 },
    { numReturnSequences: 6 },
    { decode: 'greedy', numReturnSequences: 2 },
    { decode: 'sample', numReturnSequences: 11 },
  ])('refuses %o', (settings) => {
    expect(() => completeGeneration([settings], PERIOD)).toThrowError(
      expect.objectContaining({ code: 'invalid_request' }) as Error,
    );
  });
});

describe('parseGenerationDefaults', () => {
  it('reads every setting, by the names that Hugging Face gives them', () => {
    const block = {
      decode: 'sample',
      scoring: 'hf',
      length_penalty: 0.5,
      temperature: 0.7,
      top_k: 40,
      top_p: 0.9,
      seed: 3,
      num_return_sequences: 2,
    };
    expect(parseGenerationDefaults(block, 'mapper')).toEqual({
      decode: 'sample',
      scoring: 'hf',
      lengthPenalty: 0.5,
      temperature: 0.7,
      topK: 40,
      topP: 0.9,
      seed: 3,
      numReturnSequences: 2,
    });
  });

  it('refuses a block that is none', () => {
    expect(() => parseGenerationDefaults({ num_beams: 'five' }, 'mapper')).toThrowError(/mapper: num_beams/);
    expect(() => parseGenerationDefaults({ decode: 'sideways' }, 'mapper')).toThrowError(/mapper: decode/);
  });
});
