import { describe, expect, it } from 'vitest';
import { completeGeneration, parseGenerationDefaults } from './generation-config.js';

const PERIOD = 13;

describe('completeGeneration', () => {
  it('is the official 5 beams, 67 tokens and stop at "." when nobody says anything', () => {
    expect(completeGeneration([{}, {}], PERIOD)).toEqual({
      decode: 'beam',
      numBeams: 5,
      maxNewTokens: 67,
      stopTokenIds: [PERIOD],
    });
  });

  it('takes each field from the first layer that says it', () => {
    const mapper = parseGenerationDefaults({ stop: [1023], num_beams: 3 }, 'mapper');
    const base = parseGenerationDefaults({ stop: [0], max_new_tokens: 20 }, 'base');
    expect(completeGeneration([{ numBeams: 2 }, mapper, base], PERIOD)).toEqual({
      decode: 'beam',
      numBeams: 2,
      maxNewTokens: 20,
      stopTokenIds: [1023],
    });
  });

  it.each([{ numBeams: 0 }, { numBeams: 11 }, { numBeams: 2.5 }, { maxNewTokens: 0 }, { stopTokenIds: [-1] }])(
    'refuses %o',
    (settings) => {
      expect(() => completeGeneration([settings], PERIOD)).toThrowError(
        expect.objectContaining({ code: 'invalid_request' }) as Error,
      );
    },
  );
});

describe('parseGenerationDefaults', () => {
  it('refuses a block that is none', () => {
    expect(() => parseGenerationDefaults({ num_beams: 'five' }, 'mapper')).toThrowError(/mapper: num_beams/);
  });
});
