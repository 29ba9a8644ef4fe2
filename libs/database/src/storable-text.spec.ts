import { describe, expect, it } from 'vitest';
import { storableText } from './storable-text.js';

describe('storableText', () => {
  it('drops NUL, replaces half pairs, keeps whole ones', () => {
    expect(storableText('a\0b \ud83d c 🦊')).toBe('ab \uFFFD c 🦊');
  });

  it('cuts before it looks, so that a pair cut in half is replaced too', () => {
    expect(storableText('ab🦊', 3)).toBe('ab\uFFFD');
  });
});
