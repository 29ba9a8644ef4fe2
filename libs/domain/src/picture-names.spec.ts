import { describe, expect, it } from 'vitest';
import { PictureNames } from './picture-names.js';

const picture = (n: number): Float32Array =>
  Float32Array.from({ length: 128 }, (_, i) => Math.sin((n + 1) * (i + 1) * 12.9898) * 3);
/** A copy as another encoder leaves it: of another length, and a little off. */
const copy = (n: number): Float32Array => picture(n).map((value, i) => 1.7 * (value + 0.1 * Math.cos(i * 7)));

describe('picture names', () => {
  it('are one for a picture and its copies', () => {
    const names = new PictureNames();
    expect(names.nameOf('a', picture(1))).toBe('a');
    expect(names.nameOf('b', copy(1))).toBe('a');
    expect(names.nameOf('b', copy(1))).toBe('a');
    expect(names.nameOf('a', picture(1))).toBe('a');
  });

  it('are kept by pictures that had them before, and the first of these names what is new', () => {
    const names = new PictureNames();
    names.know('a', picture(1));
    names.know('b', copy(1));
    expect(names.nameOf('a', picture(1))).toBe('a');
    expect(names.nameOf('b', copy(1))).toBe('b');
    expect(names.nameOf('c', copy(1))).toBe('a');
  });

  it('are another for each other picture, and for what another base made', () => {
    const names = new PictureNames();
    const given = Array.from({ length: 300 }, (_, n) => names.nameOf(`picture ${n}`, picture(n)));
    expect(new Set(given).size).toBe(300);
    expect(names.nameOf('shorter', picture(1).slice(0, 64))).toBe('shorter');
    expect(names.nameOf('no number', new Float32Array(128).fill(NaN))).toBe('no number');
  });
});
