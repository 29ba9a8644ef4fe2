import { describe, expect, it } from 'vitest';
import { jsonFaultLine } from './json-fault.js';

describe('the line where a text stops being JSON', () => {
  it.each([
    ['text', 1],
    ['', 1],
    ['{"a": 1,\n"b": }', 2],
    ['{"a": 1,\n\n"b"', 3],
    ['[1,\n2,\n]', 3],
    ['[1,\n{"a" 2}]', 2],
    ['[\n"a\nb"]', 2],
    ['["a", "b"]\n\n["c"]', 3],
    ['{"a": [1, {"b": null}], "c": -1.5e3,\n"d": tru}', 2],
    ['[1}\n', 1],
    ['{\n1: 2}', 2],
  ])('%j: %i', (text, line) => {
    expect(() => JSON.parse(text) as unknown).toThrow();
    expect(jsonFaultLine(text)).toBe(line);
  });
});
