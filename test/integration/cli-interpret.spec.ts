import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { GOLDENS_FOLDER, referenceTexts } from '../parity/reference.js';
import { housestyle } from '../support/housestyle.js';

interface Line {
  readonly image: string;
  readonly prefix?: readonly {
    readonly position: number;
    readonly norm: number;
    readonly words: readonly { readonly word: string; readonly token: number; readonly cosine: number }[];
  }[];
  readonly error?: { readonly code: string };
}

const golden = JSON.parse(readFileSync(join(GOLDENS_FOLDER, 'interpretation.json'), 'utf8')) as Record<
  'mlp' | 'transformer',
  readonly { readonly ids: readonly (readonly number[])[]; readonly cosines: readonly (readonly number[])[] }[]
>;
let files: readonly string[];

beforeAll(() => {
  files = referenceTexts()
    .pictures.slice(0, 3)
    .map(({ file }) => join(GOLDENS_FOLDER, 'images/test', file));
});

describe('housestyle interpret', () => {
  it.each([
    ['mlp', []],
    ['transformer', ['--mapper', 'models/demo/mapper-transformer']],
  ] as const)('says what prefixes of the %s mapper say, as JSON', async (kind, mapper) => {
    const { exitCode, jsonLines } = await housestyle(['interpret', '--json', '--top-k', '1', ...mapper, ...files]);
    expect(exitCode).toBe(0);
    jsonLines<Line>().forEach(({ image, prefix }, n) => {
      expect(image).toBe(files[n]);
      expect(prefix!.map(({ position }) => position)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
      expect(prefix!.map(({ words }) => words.map(({ token }) => token))).toEqual(
        golden[kind][n]!.ids.map(([first]) => [first]),
      );
    });
  });

  it('prints a row a position, with the words’ own spaces to be seen', async () => {
    const { stdout } = await housestyle(['interpret', '--top-k', '2', files[0]!]);
    const [path, ...rows] = stdout.trimEnd().split('\n');
    expect(path).toBe(files[0]);
    expect(rows).toHaveLength(10);
    for (const row of rows) expect(row).toMatch(/^ +\d+ {2}\S+ 0\.\d{3} +\S+ 0\.\d{3}$/);
    expect(stdout).toContain('␣');
  });

  it('goes on after a bad picture, and exits 1', async () => {
    const { exitCode, jsonLines, stderr } = await housestyle(['interpret', '--json', 'nowhere.png', files[0]!]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('nowhere.png: source_not_found');
    const [bad, good] = jsonLines<Line>();
    expect(bad).toEqual({ image: 'nowhere.png', error: { code: 'source_not_found', message: 'no such file' } });
    expect(good!.prefix).toHaveLength(10);
  });

  it.each([[[]], [['--top-k', '0', 'x.png']], [['--top-k', '51', 'x.png']]])('exits 2 for %s', async (args) => {
    expect((await housestyle(['interpret', ...args])).exitCode).toBe(2);
  });
});
