import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readFeatures, withFileLock, writeFeatures, type Features } from '@housestyle/checkpoints';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { housestyle, startHousestyle } from '../support/housestyle.js';
import { waitFor } from '../support/wait-for.js';

const REPLAY = join(import.meta.dirname, '../../models/demo/replay.safetensors');
let folder: string;
const at = (name: string): string => join(folder, name);

interface CellLine {
  readonly cell?: { readonly mappingType: string; readonly tuneGpt2: boolean; readonly prefixLength: number };
  readonly training?: { readonly trainableParameters: number; readonly steps: number };
  readonly wasKnown?: boolean;
  readonly files?: readonly string[];
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'housestyle-reproduce-'));
  const { embeddings, captions } = await readFeatures(REPLAY);
  const some = (from: number, count: number, references: number): Features => ({
    embeddings: embeddings.slice(from, from + count),
    captions: Array.from({ length: count }, (_, row) =>
      Array.from({ length: references }, (_, n) => ({
        file: `pictures/${row}.png`,
        row,
        caption: n === 0 ? captions[from + row]!.caption : `Look: ${captions[from + row]!.caption}`,
      })),
    ).flat(),
  });
  await writeFeatures(at('train.safetensors'), some(0, 40, 1));
  await writeFeatures(at('test.safetensors'), some(100, 8, 2));
  const domain = ['in-domain', 'out-domain'];
  const images = Array.from({ length: 8 }, (_, n) => ({ id: n, file_name: `${n}.png`, domain: domain[n % 2] }));
  await writeFile(at('nocaps.json'), JSON.stringify({ images }));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const reproduce = (experiment: string, out: string, ...more: string[]): string[] => [
  ...['reproduce', experiment, '--train', at('train.safetensors'), '--out', at(out)],
  ...['--epochs', '1', '--batch-size', '20', '--num-layers', '1', '--num-beams', '2', ...more],
];
const figure = (out: string): string[] =>
  reproduce('figure-7', out, '--test', `demo=${at('test.safetensors')}`, '--prefix-lengths', '3,1', '--json');

describe('housestyle reproduce', () => {
  it('draws Figure 7, goes on after a kill with the next cell, and lets nobody else into its folder', async () => {
    const running = startHousestyle(figure('figure'));
    await waitFor('a cell', () => running.output().includes('\n'), { timeoutMs: 120_000, everyMs: 5 });
    running.process.kill('SIGKILL');
    const killed = (await running.ended).jsonLines<CellLine>();
    expect(killed.length).toBeLessThan(4);

    const second = await withFileLock(at('figure.lock'), () => housestyle(figure('figure')));
    expect([second.exitCode, second.stderr]).toEqual([1, expect.stringContaining('filled by another process')]);
    const { exitCode, stderr, jsonLines } = await housestyle(figure('figure'));
    expect([exitCode, stderr]).toEqual([0, '']);
    const lines = jsonLines<CellLine>();
    expect(lines.slice(0, -1).map(({ cell }) => cell)).toEqual(
      [1, 3].flatMap((prefixLength) => [
        { mappingType: 'mlp', tuneGpt2: true, prefixLength },
        { mappingType: 'transformer', tuneGpt2: false, prefixLength },
      ]),
    );
    expect(lines[0]).toEqual({ ...killed[0], wasKnown: true });
    expect(lines[3]).toMatchObject({ wasKnown: false, training: { steps: 2 } });
    expect(lines[4]!.files).toEqual([at('figure/figure-7.md'), at('figure/figure-7.svg')]);
    expect(await readdir(at('figure/models'))).toEqual([]);
    const markdown = await readFile(at('figure/figure-7.md'), 'utf8');
    expect(markdown).toContain('8 pictures of demo and as many of those learned, with 1 of their references each');
    expect(markdown).toMatch(/^\| Transformer, GPT-2 frozen \| 3 \|/m);
    const svg = await readFile(at('figure/figure-7.svg'), 'utf8');
    expect(svg.match(/<polyline/g)).toHaveLength(8);
    expect(svg).not.toMatch(/NaN|undefined/);

    const other = await housestyle([...figure('figure'), '--seed', '2']);
    expect([other.exitCode, other.stderr]).toEqual([1, expect.stringContaining('has a run with seed 1, not 2')]);
  });

  it('tables both mappers with GPT-2 tuned and frozen, the paper’s numbers in the tables of its own sets only', async () => {
    const tests = ['--test', `nocaps=${at('test.safetensors')}`, '--domains', at('nocaps.json')];
    const known = await housestyle(
      reproduce('table-1', 'table', ...tests, '--train-pictures', '20', '--pictures', '6'),
    );
    expect(known.exitCode).toBe(0);
    expect(known.stderr).toMatch(/^4\/4 {2}MLP, GPT-2 frozen, prefix 10: BLEU-4 /m);
    expect(known.stdout).toContain('1 epoch of 20 captions a cell');
    expect(known.stdout).toContain('nocaps: 6 pictures of up to 2 references');
    expect(known.stdout).toMatch(/^### nocaps, in-domain$/m);
    const row = /^\| MLP \+ GPT-2 tuning \| .* \|$/m.exec(known.stdout)![0];
    expect(row).toContain(' 65.70 | ');
    expect(row).toContain(' 1,081,824 | ');
    const other = await housestyle(reproduce('table-1', 'other', '--test', at('test.safetensors'), '--pictures', '4'));
    expect(other.stdout).toMatch(/^## test$/m);
    expect(other.stdout).not.toContain('(paper)');
    expect(other.stdout).toMatch(/^\| Transformer, GPT-2 frozen \| 33\.53 \| 27\.45 \| 113\.08 \|/m);
  });
});
