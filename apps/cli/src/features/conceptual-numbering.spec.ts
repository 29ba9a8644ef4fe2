import { expect, it } from 'vitest';
import { renumbered } from './conceptual-numbering.js';

const numbered = (...rows: number[]) => rows.map((row, n) => ({ caption: `caption ${n}`, row, file: `${n}` }));

it('puts captions right that were numbered from 0 again', () => {
  expect(renumbered(numbered(0, 1, 2, 0, 1, 2, 3), 7)).toEqual(numbered(0, 1, 2, 3, 4, 5, 6));
  expect(renumbered(numbered(0, 0), 2)).toEqual(numbered(0, 1));
});

it.each([
  ['sound', numbered(0, 1, 2), 3],
  ['of several captions a picture', numbered(0, 0, 1, 1), 2],
  ['of fewer captions than pictures', numbered(0, 1, 0, 1), 5],
  ['in another order', numbered(0, 2, 1, 3), 4],
  ['twice begun again', numbered(0, 1, 0, 0, 1), 5],
])('leaves a numbering alone that is %s', (_, captions, numRows) => {
  expect(renumbered(captions, numRows)).toBeUndefined();
});
